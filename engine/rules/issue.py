"""Issue and Fix under the name rules use; they live a floor below so that mappings share them."""

from __future__ import annotations

from engine.issue import Fix, Issue

__all__ = ["Fix", "Issue"]
