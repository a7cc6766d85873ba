"""An agent goes to the addresses it was started with and nowhere else, however it is asked."""

from __future__ import annotations

import httpx
import pytest

from connectors.agent.allow import AllowList

REST = "http://syspro-host:30661/SYSPROWCFService/Rest"


@pytest.mark.promise("F07")
@pytest.mark.parametrize(
    ("allowed", "url"),
    [
        (REST, f"{REST}/Logon?Operator=x"),
        (REST, REST),
        (f"{REST}/", f"{REST}/Query/Query"),
        ("http://syspro-host:30661", "http://SYSPRO-HOST:30661/anything"),
        ("https://erp.local", "https://erp.local:443/x"),
        ("http://[::1]:8080", "http://[::1]:8080/x"),
    ],
)
def test_what_lies_under_an_address_is_allowed(allowed: str, url: str) -> None:
    assert AllowList([allowed]).refuses("GET", httpx.URL(url)) == ""


@pytest.mark.promise("F07")
@pytest.mark.parametrize(
    "url",
    [
        "http://other-host:30661/SYSPROWCFService/Rest/Logon",
        "http://syspro-host/SYSPROWCFService/Rest/Logon",
        "https://syspro-host:30661/SYSPROWCFService/Rest/Logon",
        "http://syspro-host.evil.example:30661/SYSPROWCFService/Rest/Logon",
        "http://syspro-host:30661@evil.example/SYSPROWCFService/Rest",
        "http://a@syspro-host:30661/SYSPROWCFService/Rest/Logon",
        "http://syspro-host:30661/SYSPROWCFService/RestSecret",
        "http://syspro-host:30661/admin",
        f"{REST}/../../admin",
        f"{REST}/%2e%2e/%2e%2e/admin",
        f"{REST}/%252e%252e/admin",
        f"{REST}/..%5c..%5cadmin",
        f"{REST}%2f..%2fadmin",
        "/SYSPROWCFService/Rest/Logon",
        "ftp://syspro-host:30661/SYSPROWCFService/Rest/x",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    assert AllowList([REST]).refuses("GET", httpx.URL(url)).startswith("The agent may not go to")


def test_the_refusal_does_not_say_what_was_asked() -> None:
    said = AllowList([REST]).refuses(
        "GET", httpx.URL("http://x.example/path?OperatorPassword=hush")
    )

    assert "x.example" in said
    assert "hush" not in said
    assert "path" not in said


def test_other_methods_are_refused() -> None:
    assert "CONNECT" in AllowList([REST]).refuses("CONNECT", httpx.URL(REST))


@pytest.mark.parametrize(
    "address",
    ["syspro-host:30661", "ftp://x", "http://", "http://a:b@x", "http://x/?q=1", "http://x/%2e%2e"],
)
def test_what_is_no_address_is_said_to_who_typed_it(address: str) -> None:
    with pytest.raises(ValueError, match="--allow"):
        AllowList([address])
