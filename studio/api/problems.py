"""Every refusal as one shape (RFC 9457): a code for programs, a sentence and a fix for people."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import exception_handler

from engine.errors import MappingRefused, StudioError
from engine.schema.registration import NotTaken
from studio.api.models import ApiToken
from studio.core.refused import DecidedMeanwhile, DecisionRefused

MEDIA_TYPE = "application/problem+json"
WITH_TOKEN = "Use a token with that scope, made by a person whose role carries it."  # noqa: S105


class RefusedMapping(Exception):
    """A publication that cannot be; ``problems`` each with place, sentence, fix, target."""

    def __init__(self, problems: list[dict[str, str]]) -> None:
        super().__init__("Not published: see the problems.")
        self.problems = problems


class KeyConflict(Exception):
    """An ``Idempotency-Key`` that cannot be honoured."""

    def __init__(self, code: str, sentence: str, fix: str, status: int) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.fix, self.status = code, sentence, fix, status


class ProblemPart(serializers.Serializer[Any]):
    """One of several reasons."""

    place = serializers.CharField()
    sentence = serializers.CharField()
    fix = serializers.CharField(allow_blank=True)
    target = serializers.CharField(allow_blank=True)


class Problem(serializers.Serializer[Any]):
    """What is answered instead of a result."""

    status = serializers.IntegerField()
    code = serializers.CharField()
    sentence = serializers.CharField()
    fix = serializers.CharField(allow_blank=True)
    problems = ProblemPart(many=True, required=False)


def answer(exc: Exception, context: dict[str, Any]) -> Response | None:
    """The exception handler of REST framework; None lets a bug be a bug (500)."""
    if isinstance(exc, PermissionDenied) and not isinstance(exc, exceptions.APIException):
        request = context.get("request")
        fix = WITH_TOKEN if isinstance(getattr(request, "auth", None), ApiToken) else ""
        return _problem(403, "forbidden", str(exc) or "Your role does not allow this.", fix)
    if isinstance(exc, Http404):
        return _problem(404, "not-found", "There is nothing at this address.")
    return _reasons(exc) or _refusal(exc) or _framework(exc, context)


def _reasons(exc: Exception) -> Response | None:
    """What is refused for several reasons, each with its place."""
    match exc:
        case RefusedMapping():
            return _problem(409, "mapping-refused", str(exc), "", exc.problems)
        case MappingRefused():
            parts = [{"place": "", "sentence": p, "fix": "", "target": ""} for p in exc.problems]
            return _problem(409, exc.code, "Not published: see the problems.", "", parts)
        case NotTaken():
            faults = [
                {"place": f.place, "sentence": f.sentence, "fix": f.fix, "target": ""}
                for f in exc.faults
            ]
            return _problem(400, "not-taken", "Nothing was taken: see the problems.", "", faults)
        case _:
            return None


def _refusal(exc: Exception) -> Response | None:
    """What our own actions say."""
    match exc:
        case DecidedMeanwhile():
            return _problem(409, "decided-meanwhile", exc.sentence, exc.fix or "Read it again.")
        case DecisionRefused():
            return _problem(409, "refused", exc.sentence, exc.fix)
        case StudioError():
            return _problem(502, exc.code, str(exc), "Check the connection and try again.")
        case KeyConflict():
            return _problem(exc.status, exc.code, exc.sentence, exc.fix)
        case ValidationError():
            return _problem(400, "invalid", " ".join(exc.messages))
        case _:
            return None


def _framework(exc: Exception, context: dict[str, Any]) -> Response | None:
    """What REST framework itself refuses: sign-in, method, syntax, fields."""
    found = exception_handler(exc, context)
    if found is None:
        return None
    parts: list[dict[str, str]] = []
    if isinstance(exc, exceptions.ValidationError):
        code, parts = "invalid", list(_flat("", found.data))
        sentence = " ".join(f"{p['place']}: {p['sentence']}".strip(": ") for p in parts)
    else:
        detail = getattr(exc, "detail", "")
        code = str(getattr(detail, "code", "error")).replace("_", "-")
        sentence = str(detail)
    return _problem(found.status_code, code, sentence, "", parts, dict(found.headers))


def _flat(place: str, said: Any) -> list[dict[str, str]]:
    if isinstance(said, dict):
        inner = [(f"{place}.{name}".strip("."), value) for name, value in said.items()]
        return [part for where, value in inner for part in _flat(where, value)]
    if isinstance(said, list):
        return [part for value in said for part in _flat(place, value)]
    return [{"place": place, "sentence": str(said), "fix": "", "target": ""}]


def _problem(
    status: int,
    code: str,
    sentence: str,
    fix: str = "",
    problems: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    body: dict[str, Any] = {"status": status, "code": code, "sentence": sentence, "fix": fix}
    if problems:
        body["problems"] = problems
    kept = {k: v for k, v in (headers or {}).items() if k in ("WWW-Authenticate", "Retry-After")}
    return Response(body, status=status, headers=kept, content_type=MEDIA_TYPE)
