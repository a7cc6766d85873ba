"""Cursor paging of lists, by the same keyset as the pages."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from studio.core.paging import KeysetPage, keyset

USUAL, MOST = 50, 200


class KeysetPagination(BasePagination):
    """``?size=…&after=…``: rows that come or go meanwhile move no other row."""

    page: KeysetPage[Any]
    request: Request

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The rows of the page asked for, in the stable order of the resource."""
        asked = request.query_params
        after, before = asked.get("after"), asked.get("before")
        self.request = request
        self.page = keyset(queryset, view.order, after=after, before=before, size=_size(asked))
        readable = self.page.before if after else self.page.after
        if (after or before) and self.page.rows and readable is None:
            raise ValidationError(_("The cursor cannot be read. Follow “next” of an answer."))
        return self.page.rows

    def get_paginated_response(self, data: Any) -> Response:
        """The rows and the addresses of the pages beside them."""
        return Response(
            {
                "next": self._address("after", self.page.after),
                "previous": self._address("before", self.page.before),
                "results": data,
            }
        )

    def _address(self, name: str, token: str | None) -> str | None:
        if token is None:
            return None
        url = self.request.build_absolute_uri()
        for other in ("after", "before"):
            url = remove_query_param(url, other)
        return replace_query_param(url, name, token)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        address = {"type": "string", "format": "uri", "nullable": True}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {"next": address, "previous": address, "results": schema},
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        text = {"type": "string"}
        whole = {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}
        said = [
            ("after", text, "Cursor: rows after it. Taken from “next”."),
            ("before", text, "Cursor: rows before it. Taken from “previous”."),
            ("size", whole, "Rows on a page."),
        ]
        return [
            {"name": n, "in": "query", "required": False, "schema": s, "description": d}
            for n, s, d in said
        ]


def _size(asked: Any) -> int:
    text = asked.get("size", str(USUAL))
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise ValidationError(
            _("The size of a page is a whole number from 1 to %(most)s.") % {"most": MOST}
        )
    return int(text)
