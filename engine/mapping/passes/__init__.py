"""PASSES: the checks of a mapping, in order. The order is the architecture: each relies on the ones before."""

from __future__ import annotations

from engine.mapping.passes.bind_paths import bind_paths
from engine.mapping.passes.check_calls import check_calls
from engine.mapping.passes.check_lookups import check_lookups
from engine.mapping.passes.check_targets import check_targets
from engine.mapping.passes.check_values import check_values
from engine.mapping.passes.draft import Pass
from engine.mapping.passes.fold_constants import fold_constants
from engine.mapping.passes.reach_branches import reach_branches

CHECKS: tuple[Pass, ...] = (
    bind_paths,
    check_calls,
    check_lookups,
    check_targets,
    check_values,
    reach_branches,
)
PASSES: tuple[Pass, ...] = (*CHECKS, fold_constants)
"""The last one only prepares a mapping that nothing was refused of."""
