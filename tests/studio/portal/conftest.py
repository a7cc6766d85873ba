from __future__ import annotations

from tests.studio.portal.market import market, running

__all__ = ["market", "running"]
