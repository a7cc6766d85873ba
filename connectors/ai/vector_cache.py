"""A file of vectors: SQLite, keyed by model and text hash, shared by processes."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
_CHUNK = 500


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class SqliteVectorCache:
    """``VectorCache`` in one SQLite file; vectors are little-endian 32-bit floats.

    Args:
        path: the file; it and its folder are made when missing.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        with closing(self._open()) as db, db:
            db.execute(
                "CREATE TABLE IF NOT EXISTS vector (model TEXT, text BLOB, value BLOB,"
                " PRIMARY KEY (model, text)) WITHOUT ROWID"
            )

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=30)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        return db

    def get(self, model: str, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vectors known for these texts."""
        by_digest = {_digest(t): t for t in texts}
        keys = list(by_digest)
        found: dict[str, Vectors] = {}
        with closing(self._open()) as db:
            for start in range(0, len(keys), _CHUNK):
                part = keys[start : start + _CHUNK]
                marks = ",".join("?" * len(part))
                rows = db.execute(
                    f"SELECT text, value FROM vector WHERE model = ? AND text IN ({marks})",  # noqa: S608 only question marks
                    (model, *part),
                )
                for key, value in rows:
                    found[by_digest[key]] = np.frombuffer(value, dtype="<f4")
        return found

    def put(self, model: str, vectors: dict[str, Vectors]) -> None:
        """Remember vectors by their text."""
        rows = [(model, _digest(t), v.astype("<f4").tobytes()) for t, v in vectors.items()]
        with closing(self._open()) as db, db:
            db.executemany("INSERT OR REPLACE INTO vector VALUES (?, ?, ?)", rows)


class MemoryVectorCache:
    """``VectorCache`` inside the process."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Vectors] = {}

    def get(self, model: str, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vectors known for these texts."""
        return {t: self._kept[model, t] for t in texts if (model, t) in self._kept}

    def put(self, model: str, vectors: dict[str, Vectors]) -> None:
        """Remember vectors by their text."""
        self._kept.update({(model, t): v for t, v in vectors.items()})
