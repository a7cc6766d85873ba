"""Custom forms: definitions (COMQFM) and writing their fields (COMTFM)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.syspro.client import EnetClient
from connectors.syspro.facts import FORM_TYPES, Column, tables
from connectors.syspro.form_design import FormDesign, FormField, plan
from connectors.syspro.translate import outgoing
from connectors.syspro.xml import Node, Value, XmlError, write
from engine.errors import PermissionMissing, RemoteRejected, ValueRefused
from engine.schema.model import FieldType, JsonValue

_TYPES = {"A": FieldType.STRING, "N": FieldType.DECIMAL, "D": FieldType.DATE}


def _whole(text: str) -> int | None:
    bare = text.strip()
    return int(bare) if bare.isdigit() else None


def column_of(field: Node) -> Column:
    """A ``Field`` of a COMQFM answer as a column."""
    kind = _TYPES.get(field.value("Type").upper()[:1], FieldType.STRING)
    return Column(
        name=field.value("Column"),
        label=field.value("Prompt"),
        type=kind,
        length=_whole(field.value("Length")),
        scale=_whole(field.value("Decimals")) if kind is FieldType.DECIMAL else None,
        key=False,
        required=field.value("AllowNull").upper() == "N",
        core=True,
        enum=(),
        references="",
        description=f"{field.value('Prompt')} (custom field {field.value('Name')})",
        bo="COMTFM",
        element=f"Item/Fields/{field.value('Column')}",
    )


class FormReader:
    """Definitions and writes of custom forms; definitions are read once per connector.

    Args:
        client: the session.
        codes: form types that differ at this site, by form table.
    """

    def __init__(self, client: EnetClient, codes: Mapping[str, str] | None = None) -> None:
        self._client = client
        self.codes = {**FORM_TYPES, **(codes or {})}
        self._known: dict[str, dict[str, Column]] = {}

    def columns(self, form: str) -> Mapping[str, Column]:
        """The custom columns of a form table; empty where the operator may not read forms."""
        if form not in self._known:
            self._known[form] = self._read(form)
        return self._known[form]

    def _read(self, form: str) -> dict[str, Column]:
        key = {"FormType": self.codes[form], "KeyField": ""}
        try:
            answer = self._client.query(
                "COMQFM", write("Query", {"Key": key}), f"read the custom form of {form}"
            )
        except (RemoteRejected, PermissionMissing):
            return {}
        made = [column_of(f) for f in answer.anywhere("Field") if f.first("Column")]
        return {c.name: c for c in made if c.name}

    def design(self, form: str, wanted: Sequence[FormField]) -> FormDesign:
        """What an administrator has left to define on a form, by its present definition.

        Raises:
            ValueRefused: there is no such form, or SYSPRO could not hold a field.
        """
        if form not in self.codes:
            raise ValueRefused(
                system="syspro", call="design a form", field=form, detail="No such custom form."
            )
        self._known.pop(form, None)
        return plan(form, self.codes[form], self.columns(form), wanted)

    def write(
        self, form: str, rows: Sequence[tuple[Mapping[str, str], Mapping[str, JsonValue]]]
    ) -> None:
        """Write fields of several records' forms, all of them or none.

        Args:
            form: form table.
            rows: key columns (in any form SYSPRO accepts) and values of each record.

        Raises:
            ValueRefused: the form has no such field, or SYSPRO cannot hold the value.
            RemoteFault: SYSPRO refused it.
        """
        names = {name for _, values in rows for name in values}
        if not names <= set(self.columns(form)):
            self._known.pop(form)  # a field may have been defined since
        parameters = write(
            "PostCustomForm",
            {
                "Parameters": {
                    "Function": "A",
                    "ValidateOnly": "N",
                    "ApplyIfEntireDocumentValid": "Y",
                }
            },
        )
        items: list[Value] = [
            {
                "Key": {"FormType": self.codes[form], "KeyFields": dict(key)},
                "Fields": self._texts(form, values),
            }
            for key, values in rows
        ]
        data = write("PostCustomForm", {"Item": items})
        self._client.post("COMTFM", (parameters, data), _call(form))

    def _texts(self, form: str, values: Mapping[str, JsonValue]) -> dict[str, Value]:
        """Values as SYSPRO reads them."""
        known = self.columns(form)
        texts: dict[str, Value] = {}
        for name, value in values.items():
            column = known.get(name)
            if column is None:
                where = f"Custom Form Design, form {self.codes[form]} ({form})"
                raise ValueRefused(
                    system="syspro",
                    call=_call(form),
                    field=name,
                    detail=f"The form has no such field. An administrator adds it in {where}.",
                )
            try:
                texts[name] = outgoing(column, value)
            except XmlError as error:
                raise ValueRefused(
                    system="syspro", call=_call(form), field=name, detail=str(error)
                ) from None
        return texts


def _call(form: str) -> str:
    return f"write the custom form {tables()[form].label}"
