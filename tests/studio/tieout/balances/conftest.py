from __future__ import annotations

from tests.studio.payments.books import qbo_books, xero_books

__all__ = ["qbo_books", "xero_books"]
