"""Writing records: master data by setup objects, documents by transactions, custom forms."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.config import ConnectionConfig
from connectors.syspro import translate
from connectors.syspro.documents import DOCUMENTS, REFERENCES, reverse_payment
from connectors.syspro.facts import Table, form_path, tables
from connectors.syspro.masters import MasterWriter
from connectors.syspro.objects import MASTERS
from connectors.syspro.routes import Test
from connectors.syspro.rows import Rows
from connectors.syspro.source import SysproSource, version
from engine.errors import (
    OutcomeUnknown,
    RecordMissing,
    StudioError,
    ValueRefused,
)
from engine.ports import Action, Draft, ItemResult, Receipt, SourceRecord
from engine.schema.model import Record

_SWITCHES: dict[str, tuple[str, str, str]] = {
    "ArCustomer": ("CustomerOnHold", "Y", "N"),
    "ApSupplier": ("OnHold", "Y", "N"),
    "InvMaster": ("StockOnHold", "F", ""),
}


class SysproSink:
    """Implements ``engine.ports.Sink``.

    SYSPRO has no idempotency key: before a document is posted its natural reference is searched
    (customer order number, payment reference, invoice number, journal reference); what is found is
    returned as already posted.
    """

    def __init__(self, rows: Rows, source: SysproSource, config: ConnectionConfig) -> None:
        self._rows = rows
        self._source = source
        self._masters = MasterWriter(rows)
        self._config = config

    def create(self, draft: Draft) -> Receipt:
        """Create a master record or post a document.

        Raises:
            OutcomeUnknown: sent, but no answer.
            RemoteRejected: SYSPRO refused it.
        """
        table = _table(draft.entity)
        with self._rows.client.lane():
            if draft.reference:
                earlier = self.find_by_reference(
                    draft.entity, draft.reference, draft.idempotency_key
                )
                if earlier is not None and not self._of_another(table, draft, earlier):
                    return earlier
            own, forms = _split(table, draft.data)
            poster = DOCUMENTS.get(draft.entity)
            if poster is not None:
                key = poster(self._rows, own, draft)
            else:
                key = self._masters.add(table, own)
            self._write_forms(table, key, forms)
            return self._receipt(table, key)

    def update(self, draft: Draft) -> Receipt:
        """Change fields of a record; custom-form fields (``CusSorMaster.…``) alone touch no order.

        Those are what write-backs consist of, one for each document posted, and SYSPRO answers one call
        at a time: then lines and addresses are not read, and the receipt has the header and the form.
        """
        table = _table(draft.entity)
        own, forms = _split(table, draft.data)
        with self._rows.client.lane():
            if forms and not own:
                return self._form_alone(table, draft, forms)
            before = self._source.read(draft.entity, draft.key)
            if before is None:
                raise _missing(table, draft.key)
            self._change(table, before, own)
            self._write_forms(table, draft.key, forms)
            return self._receipt(table, draft.key)

    def act(self, draft: Draft, action: Action) -> Receipt:
        """Void an order or a receipt; delete, deactivate or reactivate a master record."""
        table = _table(draft.entity)
        with self._rows.client.lane():
            if table.name == "SorMaster" and action in (Action.VOID, Action.DELETE):
                from connectors.syspro.orders import cancel

                cancel(self._rows, draft.key)
                return self._receipt(table, draft.key)
            if table.name == "ArInvoicePay" and action is Action.VOID:
                return self._receipt(table, reverse_payment(self._rows, draft))
            if action is Action.DELETE and table.name in MASTERS:
                self._masters.delete(table, draft.key)
                return Receipt(entity=table.name, key=draft.key, number=draft.key)
            switch = _SWITCHES.get(table.name)
            if switch is None or action not in (Action.DEACTIVATE, Action.REACTIVATE):
                raise ValueRefused(
                    system="syspro",
                    call=f"{action.value} {table.label}",
                    field=table.name,
                    detail="SYSPRO offers no such step for this record.",
                )
            column, off, on = switch
            value = off if action is Action.DEACTIVATE else on
            self._masters.change(table, draft.key, {column: value})
            return self._receipt(table, draft.key)

    def create_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Create several, one after the other."""
        made = []
        for draft in drafts:
            try:
                made.append(ItemResult(receipt=self.create(draft)))
            except StudioError as error:
                made.append(ItemResult(error=error))
        return made

    def find_by_reference(
        self, entity: str, reference: str, idempotency_key: str
    ) -> Receipt | None:
        """The document that carries the reference, if any; cancelled orders do not count."""
        table = _table(entity)
        column = REFERENCES.get(entity)
        with self._rows.client.lane():
            if column is None:
                if entity in MASTERS and reference.count("|") == len(table.keys) - 1:
                    found = self._source.read(entity, reference)
                    return _replayed(found) if found else None
                return None
            stored = self._rows.stored(entity, column, reference)
            rows = self._rows.find(entity, [Test(column, "EQ", stored)], limit=20)
            live = [r for r in rows if r.get("CancelledFlag") != "Y"]
            if not live:
                return None
            return _replayed(self._source.complete(table, live[:1])[0])

    # --- parts -----------------------------------------------------------------------------------

    def _change(self, table: Table, before: SourceRecord, own: Record) -> None:
        if table.name == "SorMaster":
            from connectors.syspro.orders import change

            change(self._rows, before, own)
        else:
            self._masters.change(table, before.key, own)

    def _form_alone(self, table: Table, draft: Draft, forms: Record) -> Receipt:
        """Write the custom form of a record that is there; its version stays, forms are no part of it."""
        if self._source.header(table, draft.key) is None:
            raise _missing(table, draft.key)
        self._write_forms(table, draft.key, forms)
        found = self._source.header(table, draft.key, form=True)
        if found is None:
            raise _unseen(table, draft.key)
        key = translate.key_of(table, found)
        return Receipt(table.name, key, _number(table.name, found), draft.version, found)

    def _write_forms(self, table: Table, key: str, forms: Record) -> None:
        if not forms:
            return
        form = tables()[table.form]
        parts = translate.key_parts(table, key, self._rows.rules)
        keys = dict(zip(form.keys, parts, strict=False))
        self._rows.forms.write(form.name, keys, forms)

    def _of_another(self, table: Table, draft: Draft, earlier: Receipt) -> bool:
        """Whether the reference is another supplier's: they number their invoices themselves."""
        column = table.column("Supplier")
        if draft.entity != "ApInvoice" or column is None:
            return False
        wanted = translate.shown(draft.data.get("Supplier"))
        held = translate.shown(earlier.data.get("Supplier"))
        return held not in (wanted, self._rows.rules.show(column, table.name, wanted))

    def _receipt(self, table: Table, key: str) -> Receipt:
        found = self._source.read(table.name, key)
        if found is None:
            raise _unseen(table, key)
        return _receipt(found)


def _table(entity: str) -> Table:
    found = tables().get(entity)
    if found is None:
        raise ValueRefused(
            system="syspro", call=f"write {entity}", field=entity, detail="No such table."
        )
    return found


def _missing(table: Table, key: str) -> RecordMissing:
    return RecordMissing(system="syspro", call=f"update {table.label}", detail=f"No {key}.")


def _unseen(table: Table, key: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        system="syspro", call=f"read back {table.label}", detail=f"{key} was not found."
    )


def _split(table: Table, data: Record) -> tuple[Record, Record]:
    """The table's own values, and those of its custom form (nested or dotted paths)."""
    own: Record = {}
    forms: Record = {}
    prefix = form_path(table.form) if table.form else "\x00"
    for name, value in data.items():
        if name == prefix and isinstance(value, dict):
            forms.update(value)
        elif name.startswith(prefix + "."):
            forms[name.partition(".")[2]] = value
        else:
            own[name] = value
    return own, forms


def _receipt(found: SourceRecord, *, replayed: bool = False) -> Receipt:
    return Receipt(
        entity=found.entity,
        key=found.key,
        number=_number(found.entity, found.data),
        version=version(found.data),
        data=found.data,
        replayed=replayed,
    )


def _replayed(found: SourceRecord) -> Receipt:
    return _receipt(found, replayed=True)


def _number(entity: str, data: Record) -> str:
    column = {
        "ArInvoicePay": "Journal",
        "GenJournalCtl": "GlJournal",
        "ArInvoice": "Invoice",
    }.get(entity)
    return translate.shown(data.get(column or tables()[entity].keys[-1]))
