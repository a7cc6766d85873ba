"""Which record is which: entity matching between two systems and inside one.

``match`` compares two tables of customers, suppliers, items or anything else and returns calibrated
pairs; ``dedupe`` finds duplicates inside one table. Plain values only: nothing here knows a vendor.
"""

from __future__ import annotations

from engine.resolve.facade import MatchResult, dedupe, match
from engine.resolve.table import Bar, Pair, Policy, Table, Waterfall

__all__ = ["Bar", "MatchResult", "Pair", "Policy", "Table", "Waterfall", "dedupe", "match"]
