"""The filesystem broker, mended: a message appears whole or not at all."""

from __future__ import annotations

import uuid
from pathlib import Path
from time import monotonic
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Writes a message under another name first.

    kombu opens the message's file under its final name and then writes; a worker that looks in between
    takes an empty file, cannot read it and ends.
    """

    def _put(self, queue: str, payload: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{round(monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        path = Path(self.data_folder_out) / name
        unfinished = path.with_name(f"{name}.part")
        try:
            unfinished.write_bytes(str_to_bytes(dumps(payload)))
            unfinished.replace(path)
        except OSError as error:
            raise ChannelError(f"Cannot add file {path} to directory") from error


class Transport(filesystem.Transport):
    """kombu's filesystem transport with whole messages."""

    Channel = Channel


def register() -> None:
    """Let ``filesystem://`` mean this transport; to be called before a connection is made."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
