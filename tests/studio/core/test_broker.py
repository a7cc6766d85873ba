"""Messages of the filesystem broker are seen whole."""

from __future__ import annotations

import threading
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from studio.core.broker import Channel
from studio.core.broker import Transport as Mended

COUNT = 400


def channel(folder: Path) -> Any:
    for name in ("queue", "control", "processed"):
        (folder / name).mkdir(exist_ok=True)
    options = {
        "data_folder_in": str(folder / "queue"),
        "data_folder_out": str(folder / "queue"),
        "control_folder": str(folder / "control"),
        "processed_folder": str(folder / "processed"),
        "store_processed": True,
    }
    connection = Connection("filesystem://", transport_options=options)
    assert isinstance(connection.transport, Mended)
    return connection.channel()


def test_a_reader_beside_a_writer_never_takes_an_unfinished_message(tmp_path: Path) -> None:
    writer, reader = channel(tmp_path), channel(tmp_path)
    assert isinstance(writer, Channel)

    def write() -> None:
        for number in range(COUNT):
            writer._put("sync", {"number": number, "body": "x" * 4000})

    thread = threading.Thread(target=write)
    thread.start()
    taken: list[int] = []
    while len(taken) < COUNT:
        # Asked before the look: what is written between the look and the question is still to come.
        is_over = not thread.is_alive()
        try:
            taken.append(reader._get("sync")["number"])
        except Empty:
            if is_over:
                pytest.fail(f"only {len(taken)} of {COUNT} messages came")
    thread.join()
    assert sorted(taken) == list(range(COUNT))


def test_what_is_being_written_is_not_looked_at(tmp_path: Path) -> None:
    reader = channel(tmp_path)
    (tmp_path / "queue" / "1_x.sync.msg.part").write_bytes(b"")

    with pytest.raises(Empty):
        reader._get("sync")
