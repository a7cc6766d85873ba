"""Writing records: master data by setup objects, documents by transactions, custom forms."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.config import ConnectionConfig
from connectors.parts import one_by_one
from connectors.syspro import translate
from connectors.syspro.documents import DOCUMENTS, REFERENCES, reverse_payment
from connectors.syspro.facts import Table, form_path, tables
from connectors.syspro.masters import MasterWriter
from connectors.syspro.objects import MASTERS
from connectors.syspro.routes import Test
from connectors.syspro.rows import Rows
from connectors.syspro.source import SysproSource, version
from connectors.syspro.supplier_payments import reverse_supplier_payment
from engine.errors import (
    OutcomeUnknown,
    RecordMissing,
    RemoteRejected,
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
            self._write_forms(table, [(key, forms)])
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
                return _only(self._forms_alone(table, [(draft, forms)]))
            before = self._source.read(draft.entity, draft.key)
            if before is None:
                raise _missing(table, draft.key)
            self._change(table, before, own)
            self._write_forms(table, [(draft.key, forms)])
            return self._receipt(table, draft.key)

    def act(self, draft: Draft, action: Action) -> Receipt:
        """Void an order, a receipt or a payment; delete, deactivate or reactivate a master record."""
        table = _table(draft.entity)
        with self._rows.client.lane():
            if table.name == "SorMaster" and action in (Action.VOID, Action.DELETE):
                from connectors.syspro.orders import cancel

                cancel(self._rows, draft.key)
                return self._receipt(table, draft.key)
            if table.name == "ArInvoicePay" and action is Action.VOID:
                return self._receipt(table, reverse_payment(self._rows, draft))
            if table.name == "ApInvoicePay" and action is Action.VOID:
                return self._receipt(table, reverse_supplier_payment(self._rows, draft))
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
        return one_by_one(self.create, drafts)

    def update_many(self, drafts: Sequence[Draft]) -> list[ItemResult]:
        """Change several; where only custom-form fields change, in three calls for all of them."""
        table = _table(drafts[0].entity)
        split = [_split(table, draft.data) for draft in drafts]
        if any(own or not forms for own, forms in split):
            return one_by_one(self.update, drafts)
        with self._rows.client.lane():
            pairs = [(d, forms) for d, (_, forms) in zip(drafts, split, strict=True)]
            return self._forms_alone(table, pairs)

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

    def _forms_alone(
        self, table: Table, drafts: Sequence[tuple[Draft, Record]]
    ) -> list[ItemResult]:
        """Write the custom forms of records that are there; versions stay, forms are no part of them.

        SYSPRO takes the document as a whole or not at all; one that it refuses is taken apart.
        """
        held = self._source.headers(table, [draft.key for draft, _ in drafts])
        there = [(d.key, forms) for (d, forms), row in zip(drafts, held, strict=True) if row]
        try:
            self._write_forms(table, there)
        except RemoteRejected as error:
            if len(drafts) == 1:
                return [ItemResult(error=error)]
            return [self._forms_alone(table, [pair])[0] for pair in drafts]
        self._source.add_forms(table, [row for row in held if row])
        made = []
        for (draft, _), row in zip(drafts, held, strict=True):
            if row is None:
                made.append(ItemResult(error=_missing(table, draft.key)))
                continue
            key = translate.key_of(table, row)
            receipt = Receipt(table.name, key, _number(table.name, row), draft.version, row)
            made.append(ItemResult(receipt=receipt))
        return made

    def _write_forms(self, table: Table, records: Sequence[tuple[str, Record]]) -> None:
        """Write the custom forms of records, by presented key; records without such fields are left."""
        form = tables()[table.form] if table.form else table
        rows = [
            (
                dict(
                    zip(form.keys, translate.key_parts(table, key, self._rows.rules), strict=False)
                ),
                f,
            )
            for key, f in records
            if f
        ]
        if rows:
            self._rows.forms.write(form.name, rows)

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


def _only(results: Sequence[ItemResult]) -> Receipt:
    """The receipt of the one change that was sent.

    Raises:
        StudioError: why there is none.
    """
    (result,) = results
    if result.receipt is None:
        raise result.error or ValueError("neither receipt nor error")
    return result.receipt


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
        "ApInvoicePay": "Journal",
        "GenJournalCtl": "GlJournal",
        "ArInvoice": "Invoice",
    }.get(entity)
    return translate.shown(data.get(column or tables()[entity].keys[-1]))
