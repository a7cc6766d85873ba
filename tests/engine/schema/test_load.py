from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.schema.codec import from_json, to_json
from engine.schema.load import SchemaFileError, entity_from_records, load_schema, schema_from
from engine.schema.model import FieldType


def one_field(**raw: object) -> object:
    schema = schema_from({"entities": [{"name": "E", "fields": [{"name": "F", **raw}]}]})
    return schema.entities[0].fields[0]


@pytest.mark.parametrize("key", ["length", "max_length", "maxLength", "size"])
def test_a_length_is_read_under_any_of_its_names(key: str) -> None:
    assert one_field(**{key: 30}).length == 30


@pytest.mark.parametrize("key", ["required", "required_on_create", "mandatory"])
def test_a_required_field_is_read_under_any_of_its_names(key: str) -> None:
    assert one_field(**{key: True}).required


@pytest.mark.parametrize(
    "enum",
    [
        {"Y": "yes", "N": "no"},
        ["Y", "N"],
        [{"value": "Y"}, {"code": "N"}],
        [["Y", "yes"], ["N", "no"]],
    ],
)
def test_an_enumeration_is_read_as_a_dict_a_list_or_a_list_of_objects(enum: object) -> None:
    assert [code for code, _ in one_field(enum=enum).enum] == ["Y", "N"]


def test_an_enumeration_listed_once_for_the_file_is_found() -> None:
    raw = {
        "enums": {"Kind": ["A", "B"]},
        "entities": [
            {"name": "E", "fields": [{"name": "F", "type": "string", "enum_ref": "Kind"}]}
        ],
    }
    found = schema_from(raw).entities[0].fields[0]
    assert found.type is FieldType.ENUM
    assert found.enum == (("A", ""), ("B", ""))


def test_a_field_that_the_vendor_assigns_is_read_only() -> None:
    assert one_field(assigned_by_vendor=True).read_only


def test_an_unknown_type_is_text_and_unknown_keys_are_ignored() -> None:
    found = one_field(type="hyperlink", colour="red")
    assert found.type is FieldType.STRING


def test_a_file_that_is_no_json_says_which_file(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text("{oops", encoding="utf-8")
    with pytest.raises(SchemaFileError, match=r"schema\.json: is not valid JSON"):
        load_schema(file)


def test_a_file_without_entities_says_what_it_needs(tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps({"system": "x"}), encoding="utf-8")
    with pytest.raises(SchemaFileError, match="needs a list “entities”"):
        load_schema(file)


def test_a_csv_export_becomes_an_entity_with_types_and_profiles(tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text(
        "Code,Opened,Limit\n0012,2026-01-03,10.50\n0013,2026-02-04,7\n", encoding="utf-8"
    )
    entity = load_schema(file).entities[0]
    assert [f.type for f in entity.fields] == [FieldType.STRING, FieldType.DATE, FieldType.DECIMAL]
    assert entity.fields[0].profile.samples == ("0012", "0013")


def test_an_export_with_headings_only_has_its_fields(tmp_path: Path) -> None:
    file = tmp_path / "customers.csv"
    file.write_text("Code;Name\n", encoding="utf-8")

    assert [f.path for f in load_schema(file).entities[0].fields] == ["Code", "Name"]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "the file is empty"), ("Name\nMüller\n".encode("cp1252"), "not UTF-8 text")],
)
def test_an_export_that_cannot_be_read_says_what_to_do(
    tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "customers.csv"
    file.write_bytes(content)

    with pytest.raises(SchemaFileError, match=rf"customers\.csv: {said}"):
        load_schema(file)


def test_nested_records_give_paths_with_array_marks() -> None:
    entity = entity_from_records(
        "doc", [{"Line": [{"Qty": 1}, {"Qty": 2}], "To": {"City": "Bath"}}]
    )
    assert [f.path for f in entity.fields] == ["Line[].Qty", "To.City"]


def test_a_snapshot_survives_json() -> None:
    entity = entity_from_records("doc", [{"A": "x", "B": {"C": 1}}])
    schema = schema_from({"system": "s", "entities": [{"name": "E", "key": "F", "fields": [
        {"name": "F", "enum": {"Y": "yes"}, "scale": 0, "custom": True}]}]})  # fmt: skip
    for one in (schema, type(schema)(system="r", entities=(entity,), facts={"base": "ZAR"})):
        assert from_json(json.loads(json.dumps(to_json(one)))) == one


@pytest.mark.parametrize(
    "text", ["5", "null", "[1, 2]", '{"entities": [{"name": "A", "fields": 5}]}']
)
def test_json_of_another_shape_is_no_schema(tmp_path: Path, text: str) -> None:
    file = tmp_path / "schema.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(SchemaFileError, match=r"schema\.json: .*entities"):
        load_schema(file)
