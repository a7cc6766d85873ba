"""The embedder of this installation; only worker processes and commands call this."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from connectors.ai.embed import SentenceTransformerEmbedder
from connectors.ai.hash_embedder import HashEmbedder
from connectors.ai.vector_cache import SqliteVectorCache
from engine.ports import Embedder


@cache
def embedder() -> Embedder:
    """The packaged model, or the dependency-free one where the settings say so."""
    if settings.EMBEDDER == "hash":
        return HashEmbedder()
    return SentenceTransformerEmbedder(_cache(), threads=1)


def _cache() -> SqliteVectorCache:
    return SqliteVectorCache(settings.VAR_DIR / "vectors.sqlite3")
