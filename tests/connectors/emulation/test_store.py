from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.emulation.store import Doc, EagerBase, Store


def _by_name(doc: Doc) -> Iterable[str]:
    return (doc["name"],)


def _base() -> Iterable[tuple[str, Doc]]:
    for number in range(3):
        yield str(number), {"name": f"base{number}"}


def _store(path: Path | None = None) -> Store:
    store = Store(path)
    store.declare("party", EagerBase(_base), {"name": _by_name})
    return store


def test_a_changed_base_document_is_found_by_its_new_value_only() -> None:
    store = _store()
    store.put("party", "1", {"name": "renamed"})
    assert store.find("party", "name", "base1") == []
    assert store.find("party", "name", "renamed") == [{"name": "renamed"}]
    assert [k for k, _ in store.items("party")] == ["0", "1", "2"]


def test_deleting_a_base_document_survives_reopening(tmp_path: Path) -> None:
    store = _store(tmp_path / "s.db")
    store.delete("party", "0")
    store.put("party", "9", {"name": "new", "amount": Decimal(5), "cents": Decimal("1.10")})
    store.close()
    again = _store(tmp_path / "s.db")
    assert again.get("party", "0") is None
    stored = again.get("party", "9")
    assert stored == {"name": "new", "amount": Decimal(5), "cents": Decimal("1.10")}
    assert isinstance(stored["amount"], Decimal)
    assert again.count("party") == 3


def test_a_failed_transaction_leaves_documents_indexes_and_counters_as_they_were() -> None:
    store = _store()
    with pytest.raises(RuntimeError), store.transaction():  # noqa: PT012
        store.put("party", "1", {"name": "half"})
        assert store.next("number") == 1
        raise RuntimeError
    assert store.find("party", "name", "base1")
    assert store.find("party", "name", "half") == []
    assert store.next("number") == 1


def test_an_inner_failure_undoes_only_the_inner_part(tmp_path: Path) -> None:
    store = _store(tmp_path / "s.db")
    with store.transaction():
        store.put("party", "a", {"name": "kept"})
        with pytest.raises(ValueError, match="bad"), store.transaction():  # noqa: PT012
            store.put("party", "b", {"name": "lost"})
            raise ValueError("bad")
    store.close()
    again = _store(tmp_path / "s.db")
    assert again.get("party", "a") == {"name": "kept"}
    assert again.get("party", "b") is None


def test_what_was_committed_survives_a_killed_process(tmp_path: Path) -> None:
    program = (
        "import os,sys,pathlib\n"
        "from connectors.emulation.store import Store\n"
        "s=Store(pathlib.Path(sys.argv[1]))\n"
        "s.put('party','k',{'name':'alive'})\n"
        "os.kill(os.getpid(),9)\n"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "s.db")], check=False, cwd=root)
    assert Store(tmp_path / "s.db").get("party", "k") == {"name": "alive"}


def test_reset_brings_the_base_back() -> None:
    store = _store()
    store.delete("party", "0")
    store.put("party", "x", {"name": "x"})
    store.reset()
    assert [k for k, _ in store.items("party")] == ["0", "1", "2"]
