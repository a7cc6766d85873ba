"""A write that is sent twice happens once: the first answer is kept for a day and given again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from studio.api.models import ApiToken, StoredAnswer
from studio.api.problems import KeyConflict

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
LONGEST = 120


def once(
    request: Request,
    work: Callable[[], Response],
    *,
    detached: bool,
    once_only: tuple[str, ...] = (),
) -> Response:
    """Do the work, or give the answer it had.

    Claim, effect and answer commit together, so a killed process leaves nothing behind.
    ``detached`` work talks to other systems and may not hold the database meanwhile: its claim is
    committed first, and a call that died under it is answered with "outcome unknown".
    Refusals are not kept: they changed nothing, so the same key may be tried again. Nor is what an
    answer says ``once_only``: a secret would lie here in the clear.
    """
    key = request.headers.get(HEADER, "").strip()
    if not key:
        return work()
    if len(key) > LONGEST:
        raise KeyConflict(
            "key-too-long", f"The key is longer than {LONGEST} characters.", "Send a UUID.", 400
        )
    if detached:
        return _detached(request, key, work)
    with transaction.atomic():
        row, fresh = _claim(request, key)
        if not fresh:
            return _again(row)
        response = work()
        _keep(row, response, once_only)
    return response


def _detached(request: Request, key: str, work: Callable[[], Response]) -> Response:
    row, fresh = _claim(request, key)
    if not fresh:
        return _again(row)
    try:
        response = work()
    except Exception:
        StoredAnswer.objects.filter(pk=row.pk).delete()
        raise
    _keep(row, response)
    return response


def owner_of(request: Request) -> str:
    """Keys of one caller never meet those of another."""
    token = request.auth
    return f"token:{token.pk}" if isinstance(token, ApiToken) else f"user:{request.user.pk}"


def _claim(request: Request, key: str) -> tuple[StoredAnswer, bool]:
    owner, print_ = owner_of(request), _fingerprint(request)
    StoredAnswer.objects.filter(owner=owner, created_at__lt=timezone.now() - KEPT).delete()
    try:
        with transaction.atomic():
            return StoredAnswer.objects.create(owner=owner, key=key, fingerprint=print_), True
    except IntegrityError:
        row = StoredAnswer.objects.get(owner=owner, key=key)
    if row.fingerprint != print_:
        raise KeyConflict(
            "key-reused",
            "This idempotency key was used for another request.",
            "Take a new key for each write.",
            422,
        )
    return row, False


def _fingerprint(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True, default=_told)
    said = f"{request.method} {request.get_full_path()}\n{body}"
    return hashlib.sha256(said.encode()).hexdigest()


def _told(value: Any) -> str:
    """A file that was sent counts by what is in it: two of one name are not one request."""
    if not isinstance(value, UploadedFile):
        return str(value)
    digest = hashlib.sha256()
    for chunk in value.chunks():
        digest.update(chunk)
    value.seek(0)
    return f"{value.name} {digest.hexdigest()}"


def _keep(row: StoredAnswer, response: Response, once_only: tuple[str, ...] = ()) -> None:
    kept = response.data
    if once_only:
        kept = {**kept, **dict.fromkeys(once_only, "")}
    row.status = response.status_code
    row.body = JSONRenderer().render(kept).decode()
    row.save(update_fields=["status", "body"])


def _again(row: StoredAnswer) -> Response:
    if not row.status:
        raise KeyConflict(
            "outcome-unknown",
            "The first request with this key is still being worked, or was interrupted.",
            "Look whether it took effect; then use a new key.",
            409,
        )
    data = json.loads(row.body) if row.body else None
    return Response(data, status=row.status, headers={"Idempotency-Replayed": "true"})
