from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from studio.accounts.models import User
from studio.catalog.models import Connection
from studio.mapping.actions import add_lookup_row, decide, lookups_for
from studio.mapping.models import Decision, LookupRow, LookupTable, MappingRow
from tests.studio.mapping.conftest import candidate

AsPerson = Callable[[User], Client]


@pytest.fixture
def admin(ada: User, as_person: AsPerson) -> Client:
    User.objects.filter(pk=ada.pk).update(is_superuser=True, is_staff=True)
    return as_person(ada)


def rows_form(table: LookupTable, **row: str) -> dict[str, str]:
    return {
        "workspace": str(table.workspace_id),
        "connection": str(table.connection_id),
        "name": table.name,
        "label": table.label,
        "code_kind": table.code_kind,
        "description": "",
        "rows-TOTAL_FORMS": "1",
        "rows-INITIAL_FORMS": "0",
        **{f"rows-0-{k}": v for k, v in row.items()},
    }


def test_an_administrator_adds_a_row_and_its_label_comes_from_the_live_list(
    admin: Client, terms: LookupTable
) -> None:
    address = reverse("admin:mapping_lookuptable_change", args=[terms.pk])
    assert admin.get(address).status_code == 200

    answer = admin.post(address, rows_form(terms, source="30", target="1"))

    assert answer.status_code == 302
    row = terms.rows.get()
    assert (row.target_label, row.decided_by) == ("Net 30", "Ada Brook")
    assert row.history.count() == 1


@pytest.mark.parametrize(
    ("target", "words"), [("99", "has no term"), ("3", "is inactive")], ids=["unknown", "inactive"]
)
def test_a_code_the_target_does_not_have_is_refused(
    admin: Client, terms: LookupTable, target: str, words: str
) -> None:
    address = reverse("admin:mapping_lookuptable_change", args=[terms.pk])

    answer = admin.post(address, rows_form(terms, source="30", target=target))

    assert words in answer.content.decode()
    assert not terms.rows.exists()


def test_the_list_of_the_target_is_there_to_choose_from_and_a_name_will_do(
    admin: Client, terms: LookupTable
) -> None:
    table = reverse("admin:mapping_lookuptable_change", args=[terms.pk])
    alone = reverse("admin:mapping_lookuprow_add")

    offered = admin.get(table).content.decode()
    made = admin.post(alone, {"table": str(terms.pk), "source": "60", "target": "net 30"})
    refused = admin.post(alone, {"table": str(terms.pk), "source": "61", "target": "Never"})

    assert '<select name="rows-0-target"' in offered
    assert '<select name="rows-__prefix__-target"' in offered
    assert '<option value="1">Net 30</option>' in offered
    assert made.status_code == 302
    row = terms.rows.get()
    assert (row.target, row.target_label) == ("1", "Net 30")
    assert "It has “" in refused.content.decode()


@pytest.mark.promise("T08")
def test_effective_dates_are_honoured_and_the_last_day_counts(
    terms: LookupTable, books: Connection
) -> None:
    LookupRow.objects.create(table=terms, source="30", target="1", valid_to=date(2026, 3, 31))
    LookupRow.objects.create(table=terms, source="30", target="2", valid_from=date(2026, 4, 1))

    table = lookups_for(books)["terms"]

    assert table.at("2026-03-31")["30"] == "1"
    assert table.at("2026-04-01")["30"] == "2"


def test_a_file_is_imported_after_a_preview(admin: Client, terms: LookupTable) -> None:
    text = "connection,table,source,target,valid_from\nHarbour Tools US,terms,30,1,\n"
    file = SimpleUploadedFile("rows.csv", text.encode(), "text/csv")
    address = reverse("admin:mapping_lookuprow_import")

    preview = admin.post(address, {"format": "0", "import_file": file})

    assert not terms.rows.exists()
    form = preview.context["confirm_form"]
    admin.post(reverse("admin:mapping_lookuprow_process_import"), form.initial)
    assert terms.rows.get().target_label == "Net 30"


def test_a_file_with_an_unknown_code_shows_the_line_and_changes_nothing(
    admin: Client, terms: LookupTable
) -> None:
    text = "connection,table,source,target,valid_from\nHarbour Tools US,terms,30,99,\n"
    file = SimpleUploadedFile("rows.csv", text.encode(), "text/csv")

    preview = admin.post(
        reverse("admin:mapping_lookuprow_import"), {"format": "0", "import_file": file}
    )

    assert "has no term" in preview.content.decode()
    assert not terms.rows.exists()


def test_rows_are_exported_as_a_workbook(
    admin: Client, terms: LookupTable, ana: User, actor_of: Callable[[User], object]
) -> None:
    from openpyxl import load_workbook

    add_lookup_row(actor_of(ana), terms, "30", "1")  # type: ignore[arg-type]

    answer = admin.post(
        reverse("admin:mapping_lookuprow_export"),
        {"format": "1", "resource": "0", **{f"lookuprowresource_{f}": "on" for f in
            ("connection", "table", "source", "target", "target_label")}},
    )  # fmt: skip

    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    values = [[c.value for c in row] for row in sheet.iter_rows()]
    assert "Net 30" in values[1]


def test_the_table_says_which_fields_use_it(
    admin: Client,
    terms: LookupTable,
    ivo: User,
    actor_of: Callable[[User], object],
    outbound: object,
    make_row: Callable[..., MappingRow],
) -> None:
    row = make_row("SalesTermRef.value", candidate('LOOKUP("terms", terms)', 0.9), mapping=outbound)
    decide(actor_of(ivo), row, "approved")  # type: ignore[arg-type]

    page = admin.get(reverse("admin:mapping_lookuptable_change", args=[terms.pk]))

    assert "SalesTermRef.value" in page.content.decode()


def test_decisions_are_read_only_even_for_a_superuser(
    admin: Client,
    ivo: User,
    actor_of: Callable[[User], object],
    make_row: Callable[..., MappingRow],
) -> None:
    decide(actor_of(ivo), make_row("name", candidate("Name", 0.9)), "approved")  # type: ignore[arg-type]
    decision = Decision.objects.get()

    page = admin.get(reverse("admin:mapping_decision_change", args=[decision.pk]))
    post = admin.post(
        reverse("admin:mapping_decision_change", args=[decision.pk]), {"verdict": "rejected"}
    )

    assert page.status_code == 200
    assert post.status_code == 403
    assert (
        admin.post(
            reverse("admin:mapping_decision_delete", args=[decision.pk]), {"post": "yes"}
        ).status_code
        == 403
    )
