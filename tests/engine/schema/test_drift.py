from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.ai.hash_embedder import HashEmbedder
from engine.schema.drift import ChangeKind, Risk, compare, remap
from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema, Visibility
from engine.schema.profile import profile

PHONE = FieldSchema("Telephone", length=20, description="Main telephone number",
                    profile=profile(["011 555 0101", "011 555 0102"]))  # fmt: skip
KIND = FieldSchema("Kind", type=FieldType.ENUM, enum=(("A", ""), ("B", "")))


def schema(*fields: FieldSchema) -> SystemSchema:
    return SystemSchema("s", entities=(EntitySchema("E", fields=fields),))


@pytest.mark.parametrize(
    ("after", "kind", "risk"),
    [
        ({"length": 30}, ChangeKind.LENGTHENED, Risk.HARMLESS),
        ({"length": 15}, ChangeKind.SHORTENED, Risk.RISKY),
        ({"length": 5}, ChangeKind.SHORTENED, Risk.BREAKING),
        ({"type": FieldType.INTEGER}, ChangeKind.TYPE_CHANGED, Risk.BREAKING),
        ({"required": True}, ChangeKind.NOW_REQUIRED, Risk.BREAKING),
        ({"read_only": True}, ChangeKind.NOW_READ_ONLY, Risk.BREAKING),
        ({"visibility": Visibility.HIDDEN}, ChangeKind.FIELD_HIDDEN, Risk.BREAKING),
        ({"references": "X"}, ChangeKind.REFERENCE_CHANGED, Risk.RISKY),
        (
            {"profile": profile(["011 555 0101", None, None, None])},
            ChangeKind.FILL_MOVED,
            Risk.RISKY,
        ),
    ],
)
def test_a_changed_field_is_typed_by_what_it_does_to_mappings(
    after: dict, kind: ChangeKind, risk: Risk
) -> None:
    found = compare(schema(PHONE), schema(replace(PHONE, **after)))
    assert [(c.kind, c.risk) for c in found] == [(kind, risk)]


def test_a_value_that_is_gone_breaks_and_a_new_one_is_risky() -> None:
    found = compare(schema(KIND), schema(replace(KIND, enum=(("A", ""), ("C", "")))))
    assert [(c.kind, c.risk) for c in found] == [
        (ChangeKind.VALUE_REMOVED, Risk.BREAKING),
        (ChangeKind.VALUE_ADDED, Risk.RISKY),
    ]


def test_a_new_field_breaks_only_when_it_must_be_filled() -> None:
    found = compare(schema(), schema(PHONE, replace(KIND, required=True)))
    assert {c.path: c.risk for c in found} == {"Kind": Risk.BREAKING, "Telephone": Risk.HARMLESS}


def test_nothing_changed_is_no_change() -> None:
    assert compare(schema(PHONE, KIND), schema(PHONE, KIND)) == []


def test_a_renamed_field_is_found_by_name_and_values() -> None:
    after = schema(replace(PHONE, path="TelephoneNumber"), KIND, FieldSchema("Notes"))
    best = remap(PHONE, "E", after, embedder=HashEmbedder())
    assert best[0].path == "TelephoneNumber"
    assert "100% of the values" in best[0].sentence


def test_a_field_with_nothing_alike_gets_no_proposal() -> None:
    after = schema(FieldSchema("Quantity", type=FieldType.DECIMAL))
    assert remap(PHONE, "E", after, embedder=HashEmbedder()) == []


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        (FieldSchema("LineItems[].Description"), ["Freight"] * 4, ["Goods as delivered"] * 4),
        (FieldSchema("Notes"), ["urgent"] * 4, ["later"] * 4),
        (FieldSchema("Caption"), ["Sent by post"] * 4, ["Sent by van"] * 4),
        (FieldSchema("Number"), ["1001", "1002", "1003"], ["2001", "2002", "2003"]),
        (FieldSchema("Price", type=FieldType.DECIMAL), ["1.50"] * 4, ["1.75"] * 4),
    ],
)
def test_what_is_written_into_a_field_is_no_change_of_the_schema(
    field: FieldSchema, before: list[str], after: list[str]
) -> None:
    one, two = (replace(field, profile=profile(v)) for v in (before, after))

    assert compare(schema(one), schema(two)) == []


@pytest.mark.parametrize(
    ("field", "before", "after"),
    [
        (FieldSchema("TaxType"), ["OUTPUT"] * 3 + ["NONE"] * 3, ["OUTPUT2"] * 3 + ["ZERO"] * 3),
        (FieldSchema("Status", type=FieldType.ENUM), ["In work"], ["Under way"]),
        (FieldSchema("Terms", references="Term"), ["30"], ["3"]),
    ],
)
def test_codes_that_are_others_now_are_a_risky_change(
    field: FieldSchema, before: list[str], after: list[str]
) -> None:
    one, two = (replace(field, profile=profile(v)) for v in (before, after))

    found = compare(schema(one), schema(two))

    assert [(c.kind, c.risk) for c in found] == [(ChangeKind.VALUES_MOVED, Risk.RISKY)]
