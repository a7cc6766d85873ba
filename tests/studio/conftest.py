from __future__ import annotations

from tests.studio.flows.keeping_world import kept
from tests.studio.world import world

__all__ = ["kept", "world"]
