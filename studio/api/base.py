"""What every resource shares: the caller, his workspace, stable order, idempotent deeds."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from studio.accounts.models import Workspace
from studio.accounts.roles import READ
from studio.api.auth import caller
from studio.api.idempotency import HEADER, once
from studio.api.models import ApiToken
from studio.api.paging import KeysetPagination
from studio.api.problems import MEDIA_TYPE, Problem
from studio.core.action import Actor

Row = TypeVar("Row", bound=Model)
Method = Callable[..., Response]
KEY = OpenApiParameter(
    HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same key within 24 hours gives the first answer again.",
)


class Resource(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Row]):
    """List and detail of one kind of row in the caller's workspace.

    ``order`` is the keyset order; ``place`` the path from a row to its workspace;
    ``brief`` the serializer of lists where it differs from the one of details.
    """

    pagination_class = KeysetPagination
    lookup_field = "uuid"
    lookup_value_converter = "uuid"
    order: tuple[str, ...] = ("id",)
    place = "workspace"
    brief: Any = None
    actor: Actor
    workspace: Workspace

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Who calls, and where."""
        super().initial(request, *args, **kwargs)
        self.actor, self.workspace = caller(request)
        self.enter()

    def enter(self) -> None:
        """Everybody must at least be allowed to read; a sender's token is for its own records."""
        token = self.request.auth
        if isinstance(token, ApiToken) and token.source is not None:
            raise PermissionDenied(
                _("This token only sends the records of %(source)s.") % {"source": token.source}
            )
        self.actor.require(READ)

    def get_queryset(self) -> QuerySet[Row]:
        """The rows of the caller's workspace."""
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset().none()
        return super().get_queryset().filter(**{self.place: self.workspace})

    def get_serializer_class(self) -> Any:
        """Lists may be lighter than details."""
        if self.action == "list" and self.brief is not None:
            return self.brief
        return super().get_serializer_class()

    def asked(self, serializer: Any) -> dict[str, Any]:
        """The body, validated."""
        given = serializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        data: dict[str, Any] = given.validated_data
        return data

    def said(
        self, serializer: Any, value: Any, *, many: bool = False, status: int = 200
    ) -> Response:
        """An answer in the shape of a serializer."""
        return Response(serializer(value, many=many).data, status=status)


class ReasonBody(serializers.Serializer[Any]):
    """Why something is ended or taken back."""

    reason = serializers.CharField()


def deed(
    request: Any,
    answer: Any,
    *,
    detail: bool = True,
    detached: bool = False,
    once_only: tuple[str, ...] = (),
    url_path: str | None = None,
    status: int = 200,
) -> Callable[[Method], Method]:
    """Make a method a POST of its resource: routed, described and idempotent.

    ``once_only`` are secrets of the answer: a repeated call gets them empty.
    """

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def posted(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            work = functools.partial(method, self, request, *args, **kwargs)
            return once(request, work, detached=detached, once_only=once_only)

        refusals = {(code, MEDIA_TYPE): Problem for code in (400, 401, 403, 409, 422)}
        path = url_path or method.__name__.replace("_", "-")
        routed = action(detail=detail, methods=["post"], url_path=path)(posted)
        # Outermost: ``action`` would forget what was described before it.
        made: Method = extend_schema(
            request=request, responses={status: answer, **refusals}, parameters=[KEY], filters=False
        )(routed)
        return made

    return decorate


def look(
    answer: Any, *, many: bool = False, url_path: str | None = None
) -> Callable[[Method], Method]:
    """Make a method a GET below one row."""

    def decorate(method: Method) -> Method:
        shape = answer(many=True) if many else answer
        # Such a list is short and whole: neither paged nor narrowed.
        path = url_path or method.__name__.replace("_", "-")
        routed = action(
            detail=True, methods=["get"], url_path=path, pagination_class=None, filter_backends=[]
        )(method)
        made: Method = extend_schema(responses=shape, filters=False)(routed)
        return made

    return decorate
