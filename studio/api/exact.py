"""Bodies whose numbers are exact: money never passes through a float on its way in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser

from connectors.http.jsontext import JsonError, load

MOST_BYTES = 5 * 1024 * 1024


class TooLarge(APIException):
    """More than is read in one request."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body is larger than {MOST_BYTES // 1024 // 1024} MB. Send fewer records."
    default_code = "too-large"


class ExactJson(BaseParser):
    """JSON as the connectors read it, of a size that is stated and bounded."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The object in the body."""
        raw = stream.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise TooLarge
        try:
            found = load(raw)
        except JsonError as error:
            raise ParseError(f"The body cannot be read: {error}.") from error
        if not isinstance(found, dict):
            raise ParseError("The body is an object.")
        return found
