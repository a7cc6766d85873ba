"""Tables that only repeat what a system says about its own codes: rates of tax codes, days of terms.

They are lookup tables like any other, so that a mapping can read them and a person can see them, but
their rows come from the system and follow it; nobody decides them.
"""

from __future__ import annotations

from connectors.registry import capabilities
from studio.catalog.models import Code, Connection
from studio.core.action import Actor
from studio.mapping.actions import add_lookup_row, ensure_lookup_tables


def fill_fact_tables(actor: Actor, connection: Connection) -> int:
    """Bring the fact tables of a connection in line with its code lists; returns rows changed."""
    tables = {t.name: t for t in ensure_lookup_tables(actor, connection)}
    changed = 0
    for plan in capabilities(connection.system).codes:
        for name, detail in plan.facts:
            table = tables.get(name)
            if table is None:
                continue
            known = dict(table.rows.values_list("source", "target"))
            for code in Code.objects.filter(connection=connection, kind=plan.kind):
                value = str(code.detail.get(detail, ""))
                if value and known.get(code.code) != value:
                    add_lookup_row(actor, table, code.code, value, target_label=code.label)
                    changed += 1
    return changed
