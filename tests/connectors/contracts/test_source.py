from __future__ import annotations

import pytest

from engine.ports import Draft, SourceRecord
from engine.schema.model import JsonValue
from tests.connectors.contracts.subject import Subject

pytestmark = pytest.mark.contract


def everything(subject: Subject, limit: int) -> tuple[list[SourceRecord], str]:
    records: list[SourceRecord] = []
    cursor = ""
    while True:
        page = subject.connector.changes(subject.words.party, cursor=cursor, limit=limit)
        records += page.records
        cursor = page.cursor
        if not page.more:
            return records, cursor


def floats(value: JsonValue) -> bool:
    if isinstance(value, dict):
        return any(floats(v) for v in value.values())
    if isinstance(value, list):
        return any(floats(v) for v in value)
    return isinstance(value, float)


def test_a_first_poll_reads_every_record_once_whatever_the_page_size(reading: Subject) -> None:
    small, _ = everything(reading, 7)
    large, _ = everything(reading, 100)
    keys = [r.key for r in large]
    assert len(set(keys)) == len(keys) > 20
    assert sorted(r.key for r in small) == sorted(keys)


def test_a_poll_from_the_last_cursor_of_an_unchanged_company_brings_no_news(
    reading: Subject,
) -> None:
    records, cursor = everything(reading, 100)
    known = {(r.key, r.version) for r in records}
    page = reading.connector.changes(reading.words.party, cursor=cursor)
    assert {(r.key, r.version) for r in page.records} <= known


def test_a_record_read_by_key_is_the_one_the_poll_brought(reading: Subject) -> None:
    polled = reading.connector.changes(reading.words.party, limit=3).records[0]
    read = reading.connector.read(reading.words.party, polled.key)
    assert read is not None
    assert (read.key, read.version, read.data) == (polled.key, polled.version, polled.data)


def test_an_unknown_key_reads_as_none(reading: Subject) -> None:
    assert reading.connector.read(reading.words.party, reading.words.missing) is None


def test_a_record_is_found_by_the_value_of_a_field(reading: Subject) -> None:
    words = reading.words
    wanted = reading.connector.changes(words.party, limit=5).records[2]
    found = reading.connector.find(words.party, {words.name: str(wanted.data[words.name])})
    assert wanted.key in [r.key for r in found]
    assert reading.connector.find(words.party, {words.name: "Nobody of that name"}) == []


def test_money_never_passes_through_a_float(reading: Subject) -> None:
    assert not any(floats(r.data) for r in everything(reading, 100)[0])


def test_a_changed_record_comes_with_the_next_poll_and_another_version(writing: Subject) -> None:
    records, cursor = everything(writing, 100)
    one = records[3]
    writing.connector.update(
        Draft(
            entity=writing.words.party,
            key=one.key,
            version=one.version,
            data=writing.words.edit,
            idempotency_key="edit-1",
        )
    )
    versions = {r.key: r.version for r in records}
    page = writing.connector.changes(writing.words.party, cursor=cursor)
    news = [r for r in page.records if versions.get(r.key) != r.version]
    assert [r.key for r in news] == [one.key]


def test_a_health_check_says_who_we_are(reading: Subject) -> None:
    health = reading.connector.check()
    assert health.ok
    assert health.who or health.detail
