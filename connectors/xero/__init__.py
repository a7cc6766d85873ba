"""Xero: connector and emulator."""

from __future__ import annotations
