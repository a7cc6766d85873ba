from __future__ import annotations

import pytest

from engine.errors import AccessDenied, RemoteBusy, RemoteUnavailable


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "1 second"),
        (45.4, "45 seconds"),
        (119, "119 seconds"),
        (600, "10 minutes"),
        (40_000, "11 hours"),
    ],
)
def test_how_long_a_limit_lasts_is_said_in_the_unit_people_wait_in(
    seconds: float, said: str
) -> None:
    fault = RemoteBusy(system="xero", call="read Contact", wait_seconds=seconds, scope="day")

    assert str(fault) == (
        f"Xero accepts no more calls for {said} (day limit); the work continues by itself."
    )


def test_a_system_is_called_by_its_name_and_its_words_end_before_ours() -> None:
    denied = AccessDenied(system="qbo", call="sign in", detail="Invalid refresh token")
    away = RemoteUnavailable(system="syspro", call="logon", detail="Said: words")

    assert str(denied) == (
        "QuickBooks refused the sign-in: Invalid refresh token. Reconnect the connection."
    )
    assert str(away) == "SYSPRO cannot be reached just now (logon). Said: words"
    assert denied.evidence()["system"] == "qbo"


def test_a_system_without_a_name_keeps_its_key() -> None:
    assert str(RemoteUnavailable(system="crm", call="read")) == (
        "crm cannot be reached just now (read)."
    )
