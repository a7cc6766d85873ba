"""Trials over the API: files sent by a program, looked at until done, read, taken as a file, removed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from studio.accounts.models import User, Workspace
from studio.core.models import AuditEvent
from studio.tryout.models import Trial, TrialFile
from studio.tryout.tasks import work
from tests.studio.core.test_match_records_command import FILES

pytestmark = pytest.mark.django_db
Clients = Callable[..., APIClient]
START = "/api/v1/trials/start/"
LEFT, RIGHT, TRUTH = FILES["customer"]


def start(
    client: APIClient,
    left: str = LEFT,
    right: str = RIGHT,
    kind: str = "customer",
    key: str = "",
    name: str = "books.csv",
) -> Any:
    body = {
        "kind": kind,
        "left": SimpleUploadedFile("erp.csv", left.encode()),
        "right": SimpleUploadedFile(name, right.encode()),
    }
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(START, body, format="multipart", headers=headers)


def test_two_exports_are_started_looked_at_read_and_taken(ana: User, client_of: Clients) -> None:
    client = client_of(ana, "match")

    started = start(client)
    said = started.json()
    path = f"/api/v1/trials/{said['uuid']}/"
    early = client.get(f"{path}findings/").json(), client.get(f"{path}result/")
    Trial.objects.update(state="running", share=0.4, step="comparing")
    under_way = client.get(path).json()
    Trial.objects.update(state="waiting")
    work(Trial.objects.get().pk)
    done = client.get(path).json()
    page = client.get(f"{path}findings/", {"size": 1}).json()
    rest = client.get(page["next"]).json()["results"] if page["next"] else []
    file = client.get(done["result"], headers={"Accept": "text/csv"})

    assert started.status_code == 202
    assert (said["state"], said["result"], said["asked_by"]) == (
        "waiting",
        None,
        "token: loader (Ana Keller)",
    )
    assert early[0]["results"] == []
    assert (early[1].status_code, early[1].json()["code"]) == (404, "not-found")
    assert (under_way["state"], under_way["share"], under_way["step"]) == (
        "running",
        0.4,
        "comparing",
    )
    assert (done["state"], done["counts"]["found"]) == ("done", len(page["results"]) + len(rest))
    found = {(row["left_key"], row["right_key"]) for row in [*page["results"], *rest]}
    assert set(TRUTH) <= found
    assert page["results"][0]["left_name"]
    lines = b"".join(file.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert (file.status_code, len(lines)) == (200, 1 + done["counts"]["found"])
    assert client.get("/api/v1/trials/", {"state": "done"}).json()["results"][0] == done


def test_findings_are_narrowed_by_the_word_of_their_confidence(
    ana: User, client_of: Clients
) -> None:
    client = client_of(ana, "match")
    path = f"/api/v1/trials/{start(client).json()['uuid']}/"
    work(Trial.objects.get().pk)

    for band, count in client.get(path).json()["counts"]["bands"].items():
        rows = client.get(f"{path}findings/", {"band": band, "size": 200}).json()["results"]
        assert len(rows) == count
    wrong = client.get(f"{path}findings/", {"band": "surely"})
    assert (wrong.status_code, wrong.json()["sentence"]) == (
        400,
        "“surely” is no band of a finding.",
    )


def test_a_pair_of_schemas_gives_fields_with_candidates(ivo: User, client_of: Clients) -> None:
    client = client_of(ivo, "match")
    target = {
        "entities": [
            {
                "name": "Customer",
                "fields": [
                    {"name": "DisplayName", "label": "Name"},
                    {"name": "Id", "read_only": True},
                ],
            }
        ]
    }
    left = "Customer,Name\nA1,Acme\nB2,Bolt\n"
    path = f"/api/v1/trials/{start(client, left, json.dumps(target), 'field', name='books.json').json()['uuid']}/"
    work(Trial.objects.get().pk)

    name, key = client.get(f"{path}findings/").json()["results"]
    file = client.get(f"{path}result/")

    assert (name["target_field"], name["candidates"][0]["source_field"]) == ("DisplayName", "Name")
    assert (key["candidates"], key["reason"]) == ([], "The target assigns this field itself.")
    assert (file["Content-Type"], 'filename="trial-field-' in file["Content-Disposition"]) == (
        "application/jsonl",
        True,
    )


def test_what_cannot_be_tried_is_refused_at_its_field(ana: User, client_of: Clients) -> None:
    client = client_of(ana, "match")

    empty = start(client, left="")
    none = client.post(START, {"kind": "customer"}, format="multipart")
    text = client.post(START, {"kind": "customer", "left": "a,b", "right": "c"}, format="json")

    assert (empty.status_code, empty["Content-Type"]) == (400, "application/problem+json")
    assert [(p["place"], p["sentence"]) for p in empty.json()["problems"]] == [
        ("left", "The file is empty; a heading line is needed.")
    ]
    assert [p["place"] for p in none.json()["problems"]] == ["left", "right"]
    assert (text.status_code, [p["place"] for p in text.json()["problems"]]) == (
        400,
        ["left", "right"],
    )
    assert not Trial.objects.exists()


def test_the_same_key_with_the_same_files_starts_one_trial(ana: User, client_of: Clients) -> None:
    client = client_of(ana, "match")

    first, again = start(client, key="k1"), start(client, key="k1")
    other = start(client, left=f"{LEFT}\n", key="k1")

    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Trial.objects.count() == 1
    # The files have the same names, but something else is in one of them.
    assert (other.status_code, other.json()["code"]) == (422, "key-reused")
    assert {bytes(file.content).decode() for file in TrialFile.objects.all()} == {LEFT, RIGHT}


def test_who_may_not_match_neither_starts_nor_reads(
    ana: User, olga: User, client_of: Clients
) -> None:
    uuid = start(client_of(ana, "match")).json()["uuid"]

    for client in (client_of(ana, "triage"), client_of(olga, all_scopes=True)):
        assert start(client).status_code == 403
        for path in ("", f"{uuid}/", f"{uuid}/findings/", f"{uuid}/result/"):
            assert client.get(f"/api/v1/trials/{path}").status_code == 403
        assert client.post(f"/api/v1/trials/{uuid}/remove/").status_code == 403
    assert Trial.objects.count() == 1


def test_another_workspace_has_no_trial_of_ours(ana: User, client_of: Clients) -> None:
    client = client_of(ana, "match")
    uuid = start(client).json()["uuid"]
    Trial.objects.update(workspace=Workspace.objects.create(name="Other", slug="other"))

    assert client.get("/api/v1/trials/").json()["results"] == []
    for path in ("", "findings/", "result/"):
        assert client.get(f"/api/v1/trials/{uuid}/{path}").status_code == 404
    assert client.post(f"/api/v1/trials/{uuid}/remove/").status_code == 404
    assert Trial.objects.exists()


def test_it_is_removed_with_everything_once(ana: User, client_of: Clients) -> None:
    client = client_of(ana, "match")
    path = f"/api/v1/trials/{start(client).json()['uuid']}/"

    gone = client.post(f"{path}remove/", headers={"Idempotency-Key": "k2"})
    again = client.post(f"{path}remove/", headers={"Idempotency-Key": "k2"})

    assert (gone.status_code, again.status_code) == (204, 204)
    assert client.get(path).status_code == 404
    assert not Trial.objects.exists()
    assert not TrialFile.objects.exists()
    assert AuditEvent.objects.get(key="trial.deleted").actor == "token: loader (Ana Keller)"
