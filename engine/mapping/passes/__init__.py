"""PASSES: the checks of a mapping, in order. The order is the architecture: each relies on the ones before."""

from __future__ import annotations

from engine.mapping.passes.bind_paths import bind_paths
from engine.mapping.passes.check_targets import check_targets
from engine.mapping.passes.draft import Pass

PASSES: tuple[Pass, ...] = (bind_paths, check_targets)
