from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.redact import LONGEST, clean_body, clean_url, detail

SECRET = "s3cr3t-Value"


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"access_token": SECRET, "keep": "me"}),
        json.dumps({"deep": [{"refresh_token": SECRET}], "keep": "me"}),
        json.dumps({"client_secret": SECRET + '"quoted', "keep": "me"}),
        f"grant_type=refresh_token&refresh_token={SECRET}&keep=me",
        f"<Logon><OperatorPassword>{SECRET}</OperatorPassword><x>keep me</x></Logon>",
        f"keep me: Authorization: Bearer {SECRET}",
        f"keep me: Basic {SECRET}",
    ],
)
def test_secrets_leave_a_body_and_the_rest_stays(body):
    cleaned = clean_body(body)
    assert SECRET not in cleaned
    assert "keep" in cleaned


def test_secrets_leave_addresses():
    cleaned = clean_url(f"https://u:{SECRET}@x.test/a?code={SECRET}&UserId={SECRET}&page=2")
    assert SECRET not in cleaned
    assert "page=2" in cleaned


def test_ordinary_words_of_a_vendor_are_kept():
    body = json.dumps({"code": "6240", "AcctNum": "4000", "Message": "Duplicate Name Exists Error"})
    assert clean_body(body) == body


@given(st.binary(max_size=300))
def test_any_bytes_become_short_text(raw):
    assert len(clean_body(raw)) <= LONGEST + 60
    assert "\0" not in clean_body(raw) + detail(raw.decode("utf-8", "replace"))
    assert "\n" not in detail(raw.decode("utf-8", "replace"))
    assert len(detail(raw.decode("utf-8", "replace") * 20)) <= 500


def test_a_secret_across_the_cut_does_not_show_in_part():
    padding = "x" * (LONGEST - 20)
    cleaned = clean_body(json.dumps({"p": padding, "password": SECRET * 3}))
    assert SECRET[:6] not in cleaned


def test_of_a_body_with_a_file_the_text_before_it_is_kept():
    head = '--edge\r\n\r\n{"FileName": "Rechnung für Müller.pdf"}\r\n\r\n'
    assert clean_body(head.encode() + b"\x89PNG\0\0") == head + "… (6 bytes that are no text)"
    assert clean_body(head.encode() + b"abc\0\xff") == head + "abc… (2 bytes that are no text)"
