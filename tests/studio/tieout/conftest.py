from __future__ import annotations

from tests.studio.tieout.stock_world import shelves

__all__ = ["shelves"]
