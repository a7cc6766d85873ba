"""A real Intuit sandbox: only with ``-m live`` and credentials in the environment.

Set ``QBO_REALM``, ``QBO_CLIENT_ID``, ``QBO_CLIENT_SECRET`` and ``QBO_REFRESH_TOKEN`` of a sandbox
company; the renewed refresh token is written to the file ``QBO_TOKEN_FILE`` names, if set.
"""

from __future__ import annotations

import os
from pathlib import Path
from uuid import uuid4

import pytest
from pydantic import SecretStr

from connectors.config import ConnectionConfig, Services
from connectors.http.tokens import MemoryTokenStore, Tokens
from connectors.qbo import facts
from connectors.qbo.connector import connect
from engine.ports import Action, Draft

NEEDED = ("QBO_REALM", "QBO_CLIENT_ID", "QBO_CLIENT_SECRET", "QBO_REFRESH_TOKEN")

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        not all(os.environ.get(n) for n in NEEDED), reason=f"needs {', '.join(NEEDED)}"
    ),
]


class FileTokens(MemoryTokenStore):
    """Keeps the renewed refresh token for the next run."""

    def put(self, tokens: Tokens) -> None:
        super().put(tokens)
        if path := os.environ.get("QBO_TOKEN_FILE"):
            Path(path).write_text(tokens.refresh_token)


@pytest.fixture
def live():
    config = ConnectionConfig(
        system="qbo",
        base_url=facts.SANDBOX,
        company=os.environ["QBO_REALM"],
        settings={"client_id": os.environ["QBO_CLIENT_ID"]},
        secrets={"client_secret": SecretStr(os.environ["QBO_CLIENT_SECRET"])},
    )
    tokens = FileTokens(Tokens("", os.environ["QBO_REFRESH_TOKEN"]))
    connector = connect(config, Services(tokens=tokens))
    yield connector
    connector.close()


def test_the_sandbox_answers_and_is_described(live):
    assert live.check().ok
    schema = live.snapshot(sample=20)
    assert len(schema.entities) >= 25
    assert schema.facts["base_currency"]


def test_a_customer_is_made_once_found_changed_and_retired(live):
    name = f"Contract {uuid4().hex[:12]}"
    draft = Draft("Customer", {"DisplayName": name}, uuid4().hex, reference=name)
    made = live.create(draft)
    assert live.create(draft).key == made.key
    found = live.find_by_reference("Customer", name, draft.idempotency_key)
    assert found is not None
    assert found.key == made.key
    gone = live.act(Draft("Customer", {}, uuid4().hex, key=made.key), Action.DEACTIVATE)
    assert gone.data["Active"] is False
