"""What the emulators share: HTTP, documents, clock, faults, control."""

from __future__ import annotations
