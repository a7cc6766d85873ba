"""Vectors without a model: hashed character n-grams, the same on every machine."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


class HashEmbedder:
    """``Embedder`` that knows spelling and nothing else; for tests and for machines without torch.

    Args:
        dimensions: length of the vectors.
    """

    def __init__(self, dimensions: int = 256) -> None:
        self.name = f"hash-{dimensions}"
        self._dimensions = dimensions

    def embed(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors, shape ``(len(texts), dimensions)``; an empty text gives a fixed vector."""
        out = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            padded = f" {text.lower()} "
            for size in (3, 4):
                for start in range(max(1, len(padded) - size + 1)):
                    code = zlib.crc32(padded[start : start + size].encode())
                    out[row, code % self._dimensions] += 1.0 if code & 0x10000 else -1.0
            if not out[row].any():
                out[row, 0] = 1.0
        unit: npt.NDArray[np.float32] = out / np.linalg.norm(out, axis=1, keepdims=True)
        return unit
