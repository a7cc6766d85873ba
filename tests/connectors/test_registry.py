from __future__ import annotations

import subprocess
import sys

import pytest

from connectors.registry import CONNECTORS, capabilities, open_connector, sandbox


def test_the_registry_loads_no_vendor_until_one_is_opened() -> None:
    code = (
        "import sys, connectors.registry;"
        "print([m for m in sys.modules if m.startswith(('connectors.syspro','connectors.qbo','connectors.xero'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.promise("F01")
@pytest.mark.parametrize("system", CONNECTORS)
def test_each_system_opens_from_what_its_emulator_prints(system: str) -> None:
    hello = {"url": "http://127.0.0.1:1", "company": "EDU1", "operator": "ME",
             "operator_password": "secret-word", "client_secret": "secret-word"}  # fmt: skip
    config = sandbox(system, hello)
    assert "secret-word" not in repr(config)
    connector = open_connector(config)
    assert connector.system == system
    connector.close()


def test_capabilities_say_how_a_lost_answer_is_recognised() -> None:
    assert capabilities("syspro").idempotency == "reference"
    assert not capabilities("syspro").webhooks
    assert capabilities("qbo").batch == 30
    with pytest.raises(KeyError):
        capabilities("sage")
