from __future__ import annotations

from tests.studio.world import world

__all__ = ["world"]
