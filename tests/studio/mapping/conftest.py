from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema, ValueProfile
from studio.accounts.models import Workspace
from studio.catalog.models import Code, Connection, SchemaSnapshot
from studio.catalog.schemas import SCHEMA
from studio.mapping.models import LookupTable, Mapping, MappingRow


@pytest.fixture
def erp(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace, system="syspro", name="Harbour Tools ERP", company="H"
    )


@pytest.fixture
def books(workspace: Workspace) -> Connection:
    return Connection.objects.create(
        workspace=workspace, system="qbo", name="Harbour Tools US", company="1"
    )


def snapshot(connection: Connection, schema: SystemSchema) -> SchemaSnapshot:
    content = SCHEMA.dump_python(schema, mode="json")
    return SchemaSnapshot.objects.create(
        connection=connection,
        number=connection.snapshots.count() + 1,
        content=content,
        content_hash=hashlib.sha256(json.dumps(content).encode()).hexdigest(),
    )


def customer_schema() -> SystemSchema:
    text = FieldType.STRING
    seen = ValueProfile(rows=3, filled=3, distinct=2, samples=("30", "COD"))
    return SystemSchema(
        system="syspro",
        entities=(
            EntitySchema(
                name="ArCustomer",
                label="Customer",
                keys=("Customer",),
                fields=(
                    FieldSchema("Customer", "Customer code", text, 15, key=True),
                    FieldSchema("Name", "Customer name", text, 50),
                    FieldSchema("Telephone", "Telephone", text, 20),
                    FieldSchema("Email", "E-mail", text, 255),
                    FieldSchema("TermsCode", "Terms", text, 2, profile=seen),
                    FieldSchema("CreditLimit", "Credit limit", FieldType.DECIMAL, scale=2),
                ),
            ),
        ),
    )


def books_schema() -> SystemSchema:
    text = FieldType.STRING
    return SystemSchema(
        system="qbo",
        entities=(
            EntitySchema(
                name="Customer",
                keys=("Id",),
                fields=(
                    FieldSchema("Id", "Id", text, read_only=True, key=True),
                    FieldSchema("DisplayName", "Display name", text, 100, required=True),
                    FieldSchema("PrimaryPhone.FreeFormNumber", "Phone", text, 30),
                    FieldSchema("SalesTermRef.value", "Terms", text, references="Term.Id"),
                ),
            ),
        ),
    )


@pytest.fixture
def erp_snapshot(erp: Connection) -> SchemaSnapshot:
    return snapshot(erp, customer_schema())


@pytest.fixture
def books_snapshot(books: Connection) -> SchemaSnapshot:
    return snapshot(books, books_schema())


@pytest.fixture
def inbound(erp: Connection, erp_snapshot: SchemaSnapshot) -> Mapping:
    return Mapping.objects.create(
        workspace=erp.workspace,
        connection=erp,
        direction="inbound",
        entity="ArCustomer",
        document="party",
        snapshot=erp_snapshot,
        frame={
            "mapping": "customers in",
            "source": {"system": "syspro", "entity": "ArCustomer"},
            "target": {"system": "canonical", "entity": "party"},
        },
    )


@pytest.fixture
def outbound(books: Connection, erp: Connection, books_snapshot: SchemaSnapshot) -> Mapping:
    mapping = Mapping.objects.create(
        workspace=books.workspace,
        connection=books,
        direction="outbound",
        entity="Customer",
        document="party",
        snapshot=books_snapshot,
        frame={
            "mapping": "customers out",
            "source": {"system": "canonical", "entity": "party"},
            "target": {"system": "qbo", "entity": "Customer"},
        },
    )
    mapping.fed_by.add(erp)
    return mapping


def candidate(expression: str, confidence: float, **more: Any) -> dict[str, Any]:
    return {
        "expression": expression,
        "confidence": confidence,
        "word": "strong",
        "method": "Similarity",
        "sentence": f"{expression} looks right.",
        "waterfall": [{"label": "prior", "effect": -1.0, "detail": ""}],
        "condition": "",
        "confirm_lossy": False,
        "sources": [expression],
        **more,
    }


@pytest.fixture
def make_row(inbound: Mapping) -> Callable[..., MappingRow]:
    def make(path: str, *candidates: dict[str, Any], **more: Any) -> MappingRow:
        mapping = more.pop("mapping", inbound)
        ranked = list(candidates)
        return MappingRow.objects.create(
            mapping=mapping,
            position=mapping.rows.count(),
            target_path=path,
            candidates=ranked,
            confidence=max((c["confidence"] for c in ranked), default=0.0),
            **more,
        )

    return make


@pytest.fixture
def terms(books: Connection) -> LookupTable:
    for key, label, active in (
        ("1", "Net 30", True),
        ("2", "Due on receipt", True),
        ("3", "Net 60", False),
    ):
        Code.objects.create(connection=books, kind="term", key=key, label=label, active=active)
    return LookupTable.objects.create(
        workspace=books.workspace, connection=books, name="terms", label="Terms", code_kind="term"
    )
