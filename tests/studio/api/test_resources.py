"""Every resource over one small world: read, refused without the scope, done with it, never abroad."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from studio.accounts.models import Membership, User, Workspace, machine
from studio.accounts.roles import TIE_OUT
from studio.api.models import StoredAnswer
from studio.catalog.models import Connection
from studio.core.models import AuditEvent
from studio.flows.models import Delivery, Rehearsal
from studio.flows.rehearsal.run import ask, claim, run
from studio.linking.models import Link, Pair, Party
from studio.mapping.models import (
    Decision,
    LookupRow,
    LookupTable,
    Mapping,
    MappingRow,
    ValueProposal,
)
from studio.mapping.queries import budget_size
from studio.triage.models import Case, CaseNote
from tests.studio.tieout.balances.owing import carry, in_erp, looked

LISTS = [
    "connections", "snapshots", "mappings", "mapping-rows", "lookup-tables", "lookup-rows", "values",
    "parties", "pairs", "links", "flows", "rehearsals", "inbox-items", "deliveries", "cases", "tie-outs",
    "audit-events", "balances", "balance-readings", "balance-parties", "open-documents",
]  # fmt: skip
Clients = Callable[..., APIClient]


def rehearsed(world: Any, ivo: User) -> None:
    """A finished rehearsal that nobody has signed."""
    asked = claim(ask(ivo.memberships.get().actor(), world.flow).pk)
    assert asked is not None
    run(asked)


@pytest.fixture
def full(world: Any, ivo: User) -> Any:
    """One row of everything: an order posted, one parked for its terms, a tie-out, a pair, a balance."""
    carry(world)
    world.order("000001")
    world.order("000002", Terms="99")
    world.run()
    mapping = Mapping.objects.get(direction="inbound")
    candidates = [{"expression": "Customer", "confidence": 0.9, "method": "Similarity"}]
    for n, path in enumerate(("party", "terms")):
        MappingRow.objects.create(
            mapping=mapping,
            position=n,
            target_path=path,
            candidates=candidates,
            confidence=0.9,
        )
    for source in ("7", "8"):
        offer = {"key": "4", "label": "Net 60", "confidence": 0.9, "method": "Similarity"}
        ValueProposal.objects.create(table=world.terms, source=source, candidates=[offer])
    left = Party.objects.create(
        connection=world.erp, kind="customer", key="SHA", code="SHA", label="Shale"
    )
    right = Party.objects.create(connection=world.books, kind="customer", key="59", label="Shale")
    rehearsed(world, ivo)
    Pair.objects.create(kind="customer", left=left, right=right, probability=0.9, word="strong")
    in_erp(world, "000001", "100.00", order="000001")
    looked(world, machine(world.workspace, "test", TIE_OUT))
    return world


def first(client: APIClient, name: str, **narrowing: Any) -> Any:
    said = client.get(f"/api/v1/{name}/", narrowing)
    assert said.status_code == 200, said.content
    return said.json()["results"][0]


def test_every_list_and_detail_is_readable_and_of_the_own_workspace_only(
    full: Any, ana: User, otto: User, client_of: Clients
) -> None:
    tie = client_of(ana, "tie out").post("/api/v1/tie-outs/run/", {"flow": "orders"})
    assert tie.status_code == 200, tie.content
    ours = client_of(ana)
    elsewhere = Workspace.objects.create(name="Other", slug="other")
    Membership.objects.create(user=otto, workspace=elsewhere, role="integrator")
    theirs = client_of(otto)
    for name in LISTS:
        row = first(ours, name)
        detail = f"/api/v1/{name}/{row.get('uuid', row.get('id'))}/"
        assert ours.get(detail).status_code == 200, name
        assert theirs.get(detail).status_code == 404, name
        if name != "audit-events":  # making the token left a line of their own
            assert theirs.get(f"/api/v1/{name}/").json()["results"] == []


def _writes(full: Any) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Address -> who may, the scope it takes, the body."""
    row, other = MappingRow.objects.order_by("id")[:2]
    code, sister = ValueProposal.objects.filter(source__in=("7", "8")).order_by("source")
    pair, link = Pair.objects.get(), Link.objects.get(kind="customer")
    plan = Rehearsal.objects.get()
    case, item = Case.objects.get(), full.item("000002")
    return {
        f"connections/{full.books.uuid}/check": ("ivo", "connect", {}),
        f"mapping-rows/{row.uuid}/later": ("ivo", "map", {}),
        f"mapping-rows/{row.uuid}/decide": ("ivo", "map", {"verdict": "approved"}),
        f"mapping-rows/{row.uuid}/comment": ("ivo", "map", {"text": "sure?"}),
        f"mapping-rows/{row.uuid}/undo": ("ivo", "map", {}),
        f"mappings/{row.mapping.uuid}/bulk": ("ivo", "map", {"rows": [{"row": str(other.uuid)}]}),
        f"mappings/{row.mapping.uuid}/undo": ("ivo", "map", {}),
        f"mappings/{row.mapping.uuid}/accept-within": (
            "ivo",
            "map",
            {"expected_wrong": 1, "told": budget_size(row.mapping, 1).token},
        ),
        f"lookup-tables/{full.terms.uuid}/add": ("ana", "lookup", {"source": "99", "target": "4"}),
        f"values/{code.uuid}/later": ("ana", "lookup", {"back": True}),
        f"values/{code.uuid}/comment": ("ana", "lookup", {"text": "sure?"}),
        f"values/{code.uuid}/decide": ("ana", "lookup", {"verdict": "approved", "target": "4"}),
        f"values/{code.uuid}/undo": ("ana", "lookup", {}),
        "values/accept": ("ana", "lookup", {"values": [{"value": str(sister.uuid)}]}),
        "values/take-back": ("ana", "lookup", {}),
        f"pairs/{pair.uuid}/judge": ("ana", "match", {"verdict": "same"}),
        "pairs/undo": ("ana", "match", {}),
        f"pairs/{pair.uuid}/comment": ("ana", "match", {"text": "the same?"}),
        "pairs/judge-many": ("ana", "match", {"pairs": [str(pair.uuid)], "verdict": "not_a_match"}),
        f"parties/{pair.left.uuid}/create-new": (
            "ana", "match", {"target": str(full.books.uuid), "comment": "another one"},
        ),
        f"links/{link.uuid}/unlink": ("ana", "match", {"reason": "not the same"}),
        f"rehearsals/{plan.uuid}/sign": ("ana", "approve", {"content_hash": plan.content_hash, "aware": True}),
        f"flows/{full.flow.uuid}/rehearse": ("ivo", "publish", {"reads": "stored", "since": "2026-01-01"}),
        f"flows/{full.flow.uuid}/publish": ("ivo", "publish", {}),
        f"flows/{full.flow.uuid}/pause": ("ivo", "operate", {"reason": "closing"}),
        f"flows/{full.flow.uuid}/resume": ("ivo", "operate", {}),
        f"flows/{full.flow.uuid}/rung": ("ivo", "operate", {"ladder": "suggest", "reason": "audit"}),
        f"cases/{case.uuid}/comment": ("ana", "triage", {"text": "asked"}),
        f"cases/{case.uuid}/assign": ("ana", "triage", {"person": "ana"}),
        f"inbox-items/{item.uuid}/replay": ("ana", "triage", {}),
        f"inbox-items/{item.uuid}/close": ("ana", "triage", {"reason": "a test order"}),
        "tie-outs/run": ("ana", "tie out", {"flow": "orders"}),
        "balances/read": ("ana", "tie out", {}),
        f"connections/{full.erp.uuid}/disconnect": ("ivo", "connect", {"reason": "over"}),
    }  # fmt: skip


def test_every_write_needs_its_scope_and_leaves_a_line_in_the_trail(
    full: Any, ivo: User, ana: User, client_of: Clients
) -> None:
    people = {"ivo": ivo, "ana": ana}
    readers = {name: client_of(user) for name, user in people.items()}
    for address, (who, scope, body) in _writes(full).items():
        path = f"/api/v1/{address}/"
        refused = readers[who].post(path, body, format="json")
        assert refused.status_code == 403, (address, refused.content)
        assert refused.json()["code"] == "forbidden"
        assert refused.json()["fix"]
        done = client_of(people[who], scope).post(path, body, format="json")
        assert done.status_code == 200, (address, done.content)
    assert AuditEvent.objects.filter(actor="token: loader (Ana Keller)", key="case.assigned").get()


def test_the_surest_fields_are_told_before_they_are_accepted_and_only_as_told(
    full: Any, ivo: User, client_of: Clients
) -> None:
    mapping = MappingRow.objects.order_by("id")[0].mapping
    rows = mapping.rows.filter(state="open")
    rows.update(confidence=0.9, risk="")
    client, path = client_of(ivo, "map"), f"/api/v1/mappings/{mapping.uuid}"

    told = client.post(f"{path}/surest/", {"expected_wrong": 1}).json()
    refused = client.post(f"{path}/accept-within/", {"expected_wrong": 1, "told": "99:0.100"})

    assert told["count"] > 0
    assert told["risk"] == pytest.approx(0.1 * told["count"])
    assert refused.status_code == 409
    assert f"It would be {told['count']}," in refused.json()["sentence"]
    before = mapping.rows.filter(state="approved").count()

    done = client.post(f"{path}/accept-within/", {"expected_wrong": 1, "told": told["token"]})

    assert done.status_code == 200
    assert mapping.rows.filter(state="approved").count() == before + told["count"]


def test_the_surest_records_are_told_before_they_are_linked_and_only_as_told(
    full: Any, ana: User, client_of: Clients
) -> None:
    client = client_of(ana, "match")
    body = {"kind": "customer", "target": str(full.books.uuid), "expected_wrong": 1}

    def post(deed: str, **more: Any) -> Any:
        return client.post(f"/api/v1/pairs/{deed}/", body | more, format="json")

    told = post("surest").json()
    assert (told["count"], told["risk"]) == (1, pytest.approx(0.1))
    assert Pair.objects.get().judged == ""
    refused = post("accept-within", told="7:0.200")
    assert refused.status_code == 409
    assert "It would be 1, with 0.10 wrong ones expected" in refused.json()["sentence"]
    assert Pair.objects.get().judged == ""

    done = post("accept-within", told=told["token"]).json()

    assert (done["sentence"], done["done"]) == ("1 linked.", [str(Pair.objects.get().uuid)])
    said = client.get(f"/api/v1/pairs/{Pair.objects.get().uuid}/remarks/").json()
    assert said == []


def test_a_remedy_is_listed_with_its_inputs_and_applied(
    full: Any, ana: User, client_of: Clients
) -> None:
    client = client_of(ana, all_scopes=True)
    case = f"/api/v1/cases/{Case.objects.get().uuid}"
    offered = {r["key"]: r for r in client.get(f"{case}/remedies/").json()}
    assert offered["void"]["allowed"] is True
    assert [i["name"] for i in offered["void"]["inputs"]] == ["reason"]
    missing = client.post(f"{case}/apply/", {"remedy": "void"}, format="json")
    assert missing.status_code == 400
    done = client.post(
        f"{case}/apply/", {"remedy": "void", "values": {"reason": "a test"}}, format="json"
    )
    assert done.status_code == 200, done.content
    assert full.item("000002").state == "void"


def test_a_delivery_explains_its_values(full: Any, olga: User, client_of: Clients) -> None:
    post = full.post("000001")
    rows = client_of(olga).get(f"/api/v1/deliveries/{post.uuid}/explain/").json()
    number = next(r for r in rows if r["target"] == "DocNumber")
    assert number["value"] == "000001"
    assert number["approved_by"] == "Ivo Marsh"


def test_a_delivery_says_which_file_it_put_beside_what(
    full: Any, olga: User, client_of: Clients
) -> None:
    post = full.post("000001")
    basis = {"entity": "Invoice", "key": "100", "name": "a.pdf", "bytes": 9, "sha256": "0f"}
    kept = {"flow": post.flow, "version": post.version, "item": post.item, "follows": post}
    Delivery.objects.create(
        **kept, connection=post.connection, step="attach", entity="Attachable", payload="{}",
        idempotency_key="file", business_key=post.business_key, state="done", basis=basis,
    )  # fmt: skip
    client = client_of(olga)
    assert first(client, "deliveries", step="attach")["file"] == basis
    assert first(client, "deliveries", step="post")["file"] is None


def test_a_publication_that_cannot_be_is_409_with_every_reason(
    full: Any, ivo: User, client_of: Clients
) -> None:
    mapping = Mapping.objects.get(direction="inbound")
    said = client_of(ivo, "publish").post(f"/api/v1/mappings/{mapping.uuid}/publish/")
    assert said.status_code == 409
    assert said.json()["code"] == "mapping-refused"
    assert said.json()["problems"][0]["fix"] == "Approve at least the required rows."


def test_a_second_person_confirms_many_and_sends_one_back(
    full: Any, ivo: User, ana: User, client_of: Clients
) -> None:
    rows = list(MappingRow.objects.order_by("id")[:2])
    mapping = rows[0].mapping
    maker, second = client_of(ivo, "map"), client_of(ana, "approve")
    for row in rows:
        maker.post(f"/api/v1/mapping-rows/{row.uuid}/decide/", {"verdict": "approved"})
    MappingRow.objects.update(risk="amount")
    waiting = f"/api/v1/mapping-rows/?mapping={mapping.uuid}&unconfirmed=true"
    assert len(second.get(waiting).json()["results"]) == 2
    assert second.get(f"/api/v1/mappings/{mapping.uuid}/").json()["unconfirmed_count"] == 2

    body = {"rows": [{"row": str(row.uuid)} for row in rows]}
    path = f"/api/v1/mappings/{mapping.uuid}/confirm/"
    own = maker.post(path, body, format="json").json()
    assert own["done"] == []
    assert own["sentence"].startswith("0 confirmed, 2 left because: Who approved it is not")

    url = f"/api/v1/mapping-rows/{rows[1].uuid}/send-back/"
    assert second.post(url, {}).status_code == 400
    assert maker.post(url, {"reason": "no"}).status_code == 409
    back = second.post(url, {"reason": "Net, not gross"})
    assert back.status_code == 200, back.content
    assert (back.json()["state"], back.json()["sent_back_by"], back.json()["reason"]) == (
        "open",
        "token: loader (Ana Keller)",
        "Net, not gross",
    )
    done = second.post(path, body, format="json").json()
    assert done["done"] == [str(rows[0].uuid)]
    assert done["sentence"].startswith("1 confirmed, 1 left because: There is nothing to confirm")
    assert second.get(f"/api/v1/mappings/{mapping.uuid}/").json()["returned_count"] == 1


def test_a_tax_code_is_confirmed_by_somebody_who_did_not_say_what_it_means(
    full: Any, ana: User, ivo: User, client_of: Clients
) -> None:
    table = LookupTable.objects.create(
        workspace=full.workspace, connection=full.books, name="tax_codes", label="Tax codes",
        code_kind="tax_code",
    )  # fmt: skip
    code = ValueProposal.objects.create(table=table, source="TX")
    place = f"/api/v1/values/{code.uuid}/"
    said = {"verdict": "approved", "target": "3"}
    assert client_of(ana, "lookup").post(f"{place}decide/", said, format="json").status_code == 200

    own = client_of(ana, "approve").post(f"{place}confirm/", {}, format="json")
    other = client_of(ivo, "map").post(f"{place}confirm/", {}, format="json")

    assert (own.status_code, other.status_code) == (409, 200)
    assert "Ivo Marsh" in LookupRow.objects.get(table=table).seconded_by


def test_a_rehearsal_with_a_newer_one_is_not_signed(
    full: Any, ana: User, ivo: User, client_of: Clients
) -> None:
    client = client_of(ana, "approve")
    one = first(client, "rehearsals", flow="orders", signed="false")
    client_of(ivo, "publish").post(
        f"/api/v1/flows/{full.flow.uuid}/rehearse/", {"reads": "live"}, format="json"
    )

    place = f"/api/v1/rehearsals/{one['uuid']}/"
    body = {"content_hash": one["content_hash"], "aware": True}
    refused = client.post(f"{place}sign/", body, format="json")

    assert refused.status_code == 400
    assert "newer rehearsal of this version" in refused.content.decode()
    said = client.get(place).json()
    assert (said["superseded"], said["waits_for"]) == (
        "A newer rehearsal of this version took its place.",
        "",
    )


def test_a_row_that_moved_meanwhile_is_409(full: Any, ivo: User, client_of: Clients) -> None:
    client, row = client_of(ivo, "map"), MappingRow.objects.all()[0]
    body = {"verdict": "approved", "revision": row.revision}
    assert client.post(f"/api/v1/mapping-rows/{row.uuid}/decide/", body).status_code == 200
    late = client.post(f"/api/v1/mapping-rows/{row.uuid}/decide/", body)
    assert late.status_code == 409
    assert late.json()["code"] == "decided-meanwhile"
    assert Decision.objects.count() == 1


def test_a_body_that_cannot_be_used_is_400_and_names_the_field(
    full: Any, ivo: User, client_of: Clients
) -> None:
    row = MappingRow.objects.all()[0]
    said = client_of(ivo, "map").post(f"/api/v1/mapping-rows/{row.uuid}/decide/", {"verdict": "x"})
    assert said.status_code == 400
    assert said.json()["problems"][0]["place"] == "verdict"


def test_an_unknown_target_code_is_refused_with_the_fix(
    full: Any, ana: User, client_of: Clients
) -> None:
    said = client_of(ana, "lookup").post(
        f"/api/v1/lookup-tables/{full.terms.uuid}/add/", {"source": "99", "target": "nowhere"}
    )
    assert said.status_code == 409
    assert said.json()["fix"] == "It has “Net 30”, “Net 60”."
    assert LookupRow.objects.count() == 1


def test_the_same_key_gives_the_first_answer_and_happens_once(
    full: Any, ana: User, client_of: Clients
) -> None:
    client, case = client_of(ana, "triage"), Case.objects.get()
    path, key = f"/api/v1/cases/{case.uuid}/comment/", str(uuid.uuid4())
    one = client.post(path, {"text": "asked"}, headers={"Idempotency-Key": key})
    two = client.post(path, {"text": "asked"}, headers={"Idempotency-Key": key})
    assert one.json() == two.json()
    assert two["Idempotency-Replayed"] == "true"
    assert CaseNote.objects.filter(text="asked").count() == 1
    other = client.post(path, {"text": "another"}, headers={"Idempotency-Key": key})
    assert other.status_code == 422
    assert other.json()["code"] == "key-reused"
    fresh = client_of(ana, "triage").post(path, {"text": "b"}, headers={"Idempotency-Key": key})
    assert fresh.status_code == 200, "keys of two callers never meet"


def test_a_refused_write_keeps_no_answer(full: Any, ana: User, client_of: Clients) -> None:
    case = Case.objects.get()
    headers = {"Idempotency-Key": "k"}
    said = client_of(ana).post(
        f"/api/v1/cases/{case.uuid}/comment/", {"text": "a"}, headers=headers
    )
    assert said.status_code == 403
    assert not StoredAnswer.objects.exists()


def test_a_write_towards_another_system_is_not_repeated_either(
    full: Any, ana: User, client_of: Clients
) -> None:
    client = client_of(ana, "tie out")
    runs = [
        client.post("/api/v1/tie-outs/run/", {"flow": "orders"}, headers={"Idempotency-Key": "t"})
        for _ in range(2)
    ]
    assert runs[0].json() == runs[1].json()
    assert AuditEvent.objects.filter(key="tieout.run").count() == 1
    StoredAnswer.objects.update(status=0)
    late = client.post(
        "/api/v1/tie-outs/run/", {"flow": "orders"}, headers={"Idempotency-Key": "t"}
    )
    assert late.status_code == 409
    assert late.json()["code"] == "outcome-unknown"


def test_pages_follow_each_other_without_gap_or_repeat(
    workspace: Workspace, olga: User, client_of: Clients
) -> None:
    for n in range(7):
        Connection.objects.create(workspace=workspace, system="qbo", name=f"c{n}", company="1")
    client, seen = client_of(olga), []
    url: str | None = "/api/v1/connections/?size=3&system=qbo"
    while url:
        page = client.get(url).json()
        seen += [row["name"] for row in page["results"]]
        last, url = page, page["next"]
    assert seen == [f"c{n}" for n in range(7)]
    back = client.get(last["previous"]).json()
    assert [row["name"] for row in back["results"]] == ["c3", "c4", "c5"]
    assert client.get("/api/v1/connections/?after=nonsense").status_code == 400
    assert client.get("/api/v1/connections/?size=0").status_code == 400


def test_money_is_text_and_times_carry_their_offset(
    full: Any, olga: User, client_of: Clients
) -> None:
    row = first(client_of(olga), "deliveries", step="post")
    assert row["gross"] == "100.00"
    assert datetime.fromisoformat(row["created_at"]).tzinfo is not None


def test_lists_are_narrowed_and_a_bad_filter_is_told(
    full: Any, olga: User, client_of: Clients
) -> None:
    client = client_of(olga)
    parked = client.get("/api/v1/inbox-items/", {"state": "parked"}).json()["results"]
    assert [r["key"] for r in parked] == ["000002"]
    assert client.get("/api/v1/cases/", {"open": "false"}).json()["results"] == []
    assert client.get("/api/v1/inbox-items/", {"state": "nonsense"}).status_code == 400


@pytest.mark.parametrize("name", ["mapping-rows", "parties", "cases", "inbox-items", "deliveries"])
def test_a_list_takes_the_same_number_of_queries_however_long(
    full: Any, olga: User, client_of: Clients, name: str
) -> None:
    for n in range(3, 8):
        full.order(f"00000{n}", Terms="99" if n % 2 else "30")
    client = client_of(olga)
    client.get(f"/api/v1/{name}/")  # notes the use of the token
    with CaptureQueriesContext(
        connection,
    ) as short:
        client.get(f"/api/v1/{name}/")
    full.run()
    row = MappingRow.objects.all()[0]
    for n in range(5):
        MappingRow.objects.create(mapping=row.mapping, target_path=f"more{n}")
        Party.objects.create(connection=full.erp, kind="customer", key=f"K{n}")
    with CaptureQueriesContext(connection) as long:
        assert len(client.get(f"/api/v1/{name}/").json()["results"]) > 2
    assert len(long) == len(short)


@pytest.mark.promise("F21")
def test_a_plan_is_read_by_pages_and_signed_over_its_hash(
    full: Any, ana: User, ivo: User, client_of: Clients
) -> None:
    client = client_of(ana, "approve")
    one = first(client, "rehearsals", flow="orders", signed="false")
    assert "totals" not in one
    place = f"/api/v1/rehearsals/{one['uuid']}/"
    detail = client.get(place).json()
    assert detail["totals"]["outcomes"].keys() == {"unchanged", "refused"}

    page = client.get(f"{place}planned/", {"size": 1}).json()
    rest = client.get(page["next"]).json()
    refused = client.get(f"{place}planned/", {"outcome": "refused"}).json()["results"]

    assert [r["key"] for r in (*page["results"], *rest["results"])] == ["000002", "000001"]
    assert [(r["key"], r["gross"]) for r in refused] == [("000002", "100.00")]
    assert refused[0]["reasons"]
    other = client.post(f"{place}sign/", {"content_hash": "0" * 64}, format="json")
    assert other.status_code in (400, 422)
    mine = client_of(ivo, "publish").post(
        f"{place}sign/", {"content_hash": one["content_hash"]}, format="json"
    )
    assert mine.status_code == 403
    said = {"content_hash": one["content_hash"], "share": "2.5", "allow_new": False}
    assert detail["caution"].startswith("It would post nothing. 1 of the 2 records")
    assert detail["waits_for"] == "It waits for the signature of an accountant: Ana Keller."
    assert client.post(f"{place}sign/", said, format="json").status_code == 400
    said["aware"] = True
    signed = client.post(f"{place}sign/", said, format="json").json()
    assert signed["signed_by"] == "token: loader (Ana Keller)"
    assert signed["allowed"] == {"new": False, "share": "2.50"}
    assert first(client, "rehearsals", signed="true")["uuid"] == one["uuid"]


def test_open_balances_are_read_down_to_the_reason(
    full: Any, ana: User, client_of: Clients
) -> None:
    client = client_of(ana)

    balance = first(client, "balances", area="receivable", currency="USD")
    party = first(client, "balance-parties", balance=balance["uuid"])
    document = first(client, "open-documents", party=party["uuid"], why="settled_at_target")

    assert balance["named"] == {"settled_at_target": "100.00"}
    assert (balance["source_open"], balance["target_open"]) == ("100.00", "0.00")
    assert (party["source_code"], party["target_key"]) == ("BAY", "58")
    assert document["target_open"] == "0.00"
    assert [d["amount"] for d in document["differences"]] == ["100.00"]
    reading = first(client, "balance-readings", state="ready")
    assert reading["uuid"] == balance["reading"]
    # No payment flow runs, so no account is compared.
    assert client.get(f"/api/v1/balance-readings/{reading['uuid']}/cash/").json() == []


def test_reading_balances_is_asked_for_and_not_waited_for(
    full: Any, ana: User, client_of: Clients
) -> None:
    said = client_of(ana, "tie out").post("/api/v1/balances/read/", {}, format="json")

    assert [r["state"] for r in said.json()] == ["waiting"]


def test_a_difference_is_split_by_program_exactly_or_not_at_all(
    world: Any, ana: User, client_of: Clients
) -> None:
    world.target.total = lambda draft: Decimal("90.00")
    world.order("1001")
    world.run()
    client, case = client_of(ana, all_scopes=True), Case.objects.get()
    values = {"reason_1": "freight", "amount_1": "6.00", "reason_2": "duty", "amount_2": "3.99"}
    address, body = f"/api/v1/cases/{case.uuid}/apply/", {"remedy": "split", "values": values}

    refused = client.post(address, body, format="json")
    values["amount_2"] = "4.00"
    done = client.post(address, body, format="json")

    assert refused.status_code == 400
    assert "0.01 USD is left over" in refused.content.decode()
    assert (done.status_code, done.json()["case"]["state"]) == (200, "accepted")
