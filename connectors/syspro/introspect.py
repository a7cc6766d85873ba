"""What this company's data looks like: catalogue facts, live columns, custom forms, value profiles."""

from __future__ import annotations

from dataclasses import replace

from connectors.syspro.facts import Column, Table, form_path, tables
from connectors.syspro.nests import NESTS
from connectors.syspro.rows import Rows
from connectors.syspro.written import with_written
from engine.errors import PermissionMissing, RemoteRejected, SurpriseAnswer
from engine.schema.model import (
    EntitySchema,
    FieldSchema,
    FieldType,
    JsonValue,
    Record,
    SystemSchema,
    Visibility,
)
from engine.schema.profile import profile


class SysproIntrospector:
    """Implements ``engine.ports.Introspector``.

    A column that the catalogue has and an answer lacks is asked for by name: an answer of "denied"
    means that operator security hides it, "not found" that this release has no such column.
    """

    def __init__(self, rows: Rows, company: str, operator: str) -> None:
        self._rows = rows
        self._company = company
        self._operator = operator

    def snapshot(self, *, sample: int = 200) -> SystemSchema:
        """Read entities, fields, custom fields and value profiles from ``sample`` rows each."""
        with self._rows.client.lane():
            own = {t.name: self._table(t, sample) for t in tables().values()}
            facts = self._facts()
        entities = tuple(self._entity(table, own) for table in tables().values())
        return SystemSchema(
            system="syspro",
            version=facts.get("version", ""),
            entities=entities,
            looked_as=f"{self._operator} in {self._company}",
            facts=facts,
        )

    # --- one table -------------------------------------------------------------------------------

    def _table(self, table: Table, sample: int) -> tuple[FieldSchema, ...]:
        known = list(self._rows.columns(table.name).values())
        newest_last = table.column("TimeStamp") and not table.is_form
        order = ["TimeStamp"] if newest_last else list(table.keys)
        try:
            found = self._rows.raw(table.name, [], order, max(sample, 1))
        except PermissionMissing:
            return tuple(_field(c, Visibility.HIDDEN) for c in known)
        except (RemoteRejected, SurpriseAnswer):
            return tuple(_field(c, Visibility.MISSING) for c in known)
        records = [self._rows.typed(table.name, row) for row in found]
        tags = list(dict.fromkeys(c.tag for row in found[:5] for c in row.children))
        seen = {t.lower() for t in tags}
        absent = [c.name for c in known if c.name.lower() not in seen]
        why = self._why_absent(table, absent)
        made = [
            self._seen(column, records)
            if column.name.lower() in seen
            else _field(column, why.get(column.name, Visibility.MISSING))
            for column in known
        ]
        names = {c.name.lower() for c in known}
        return (*made, *(self._stranger(t, records) for t in tags if t.lower() not in names))

    @staticmethod
    def _seen(column: Column, records: list[Record]) -> FieldSchema:
        made = _field(column, Visibility.SEEN)
        return replace(made, profile=profile(r.get(column.name) for r in records))

    def _why_absent(self, table: Table, names: list[str]) -> dict[str, Visibility]:
        """Ask for columns by name: accepted, denied or unknown; a refused list is halved."""
        if not names:
            return {}
        try:
            self._rows.raw(table.name, [], [], 1, columns=names)
        except (PermissionMissing, RemoteRejected) as fault:
            if len(names) == 1:
                denied = isinstance(fault, PermissionMissing)
                return {names[0]: Visibility.HIDDEN if denied else Visibility.MISSING}
            half = len(names) // 2
            return self._why_absent(table, names[:half]) | self._why_absent(table, names[half:])
        return dict.fromkeys(names, Visibility.SEEN)

    @staticmethod
    def _stranger(name: str, records: list[Record]) -> FieldSchema:
        values: list[JsonValue] = [r.get(name) for r in records]
        return FieldSchema(
            path=name,
            label=name,
            description="Not in the catalogue",
            visibility=Visibility.SEEN,
            profile=profile(values),
        )

    # --- entities --------------------------------------------------------------------------------

    def _entity(self, table: Table, own: dict[str, tuple[FieldSchema, ...]]) -> EntitySchema:
        fields = list(own[table.name])
        for nest in NESTS.get(table.name, ()):
            inner = tables()[nest.table]
            fields += _nested(inner, f"{nest.table}[]" if nest.many else nest.table, own)
        fields += _custom(table, "", own)
        return EntitySchema(
            name=table.name,
            label=table.label,
            fields=tuple(with_written(table.name, fields)),
            keys=table.keys,
            lines_of=table.lines_of,
            description=_about(table),
        )

    def _facts(self) -> dict[str, str]:
        profile_answer = self._rows.client.profile()
        wanted = {
            "name": "CompanyName",
            "base_currency": "LocalCurrencyCode",
            "accounting_date": "AccountingDate",
            "branch": "DefaultArBranch",
            "warehouse": "DefaultWarehouse",
            "bank": "DefaultBank",
            "version": "SysproVersion",
        }
        facts = {"company": self._company}
        for ours, theirs in wanted.items():
            found = profile_answer.anywhere(theirs)
            if found and found[0].text:
                facts[ours] = found[0].text
        return facts


def _about(table: Table) -> str:
    objects = ", ".join(name for names in table.objects.values() for name in names)
    return f"{table.label}. Business objects: {objects}." if objects else f"{table.label}."


def _field(column: Column, visibility: Visibility) -> FieldSchema:
    references = column.references.partition(".")[0] if column.references else ""
    written = bool(column.bo)
    return FieldSchema(
        path=column.name,
        label=column.label,
        type=FieldType.REFERENCE if references and column.type is FieldType.STRING else column.type,
        length=column.length,
        scale=column.scale,
        required=column.required,
        read_only=not written,
        enum=column.enum,
        references=column.references,
        description=column.description,
        key=column.key,
        custom=column.bo == "COMTFM",
        visibility=visibility,
    )


def _nested(inner: Table, path: str, own: dict[str, tuple[FieldSchema, ...]]) -> list[FieldSchema]:
    kind = FieldType.ARRAY if path.endswith("[]") else FieldType.OBJECT
    head = FieldSchema(
        path=path.removesuffix("[]"),
        label=inner.label,
        type=kind,
        description=inner.label,
        visibility=Visibility.SEEN,
    )
    fields = [replace(f, path=f"{path}.{f.path}", key=False) for f in own[inner.name]]
    return [head, *fields, *_custom(inner, f"{path}.", own)]


def _custom(
    table: Table, prefix: str, own: dict[str, tuple[FieldSchema, ...]]
) -> list[FieldSchema]:
    if not table.form:
        return []
    fields = [f for f in own.get(table.form, ()) if f.custom]
    if not fields:
        return []
    path = prefix + form_path(table.form)
    head = FieldSchema(
        path=path,
        label=tables()[table.form].label,
        type=FieldType.OBJECT,
        custom=True,
        visibility=Visibility.SEEN,
    )
    return [head, *(replace(f, path=f"{path}.{f.path}") for f in fields)]
