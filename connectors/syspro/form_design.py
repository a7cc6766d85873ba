"""Defining custom form fields: what a form has, what it lacks, and what a person must do about it.

No business object defines form fields: of SYSPRO's 1,365 only COMQFM, COMSFM and COMTFM touch forms,
and they read and write values. Definitions are made by an administrator in Custom Form Design, so the
connector plans them, checks them against that program's limits and says exactly what to enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.syspro import form_limits
from connectors.syspro.facts import Column
from engine.errors import ValueRefused
from engine.schema.model import FieldType

_KINDS = {
    "alpha": FieldType.STRING,
    "numeric": FieldType.DECIMAL,
    "date": FieldType.DATE,
}


@dataclass(frozen=True, slots=True)
class FormField:
    """A custom field that somebody needs.

    Attributes:
        name: field name of at most six characters.
        caption: what people read.
        kind: ``alpha``, ``numeric`` or ``date``.
        length: characters, or digits before the point.
        decimals: digits after the point.
        column: column of the form's table; empty: the caption without blanks.
    """

    name: str
    caption: str
    kind: str = "alpha"
    length: int = 30
    decimals: int = 0
    column: str = ""

    @property
    def stored_as(self) -> str:
        """The column that holds it."""
        return self.column or self.caption.title().replace(" ", "")


@dataclass(frozen=True, slots=True)
class FormDesign:
    """A form compared with what is needed.

    Attributes:
        there: columns that fit already.
        missing: fields that a person must define.
        unfit: columns that are there with another type or too short, each with why.
        steps: what the administrator does, a sentence each.
    """

    there: tuple[str, ...]
    missing: tuple[FormField, ...]
    unfit: tuple[str, ...]
    steps: tuple[str, ...]

    @property
    def ready(self) -> bool:
        """Nothing is left to do."""
        return not self.missing and not self.unfit


def plan(
    form: str, code: str, known: Mapping[str, Column], wanted: Sequence[FormField]
) -> FormDesign:
    """What is left to define on a form.

    Args:
        form: its table, such as ``CusSorMaster+``.
        code: its form type, such as ``ORD``.
        known: columns it has.
        wanted: fields that are needed.

    Raises:
        ValueRefused: SYSPRO could not hold one of them.
    """
    there, missing, unfit, steps = [], [], [], []
    for one in wanted:
        size = one.length, one.decimals
        faults = form_limits.broken(one.name, one.caption, one.kind, size)
        if faults:
            raise ValueRefused(
                system="syspro", call=f"design {form}", field=one.name, detail="; ".join(faults)
            )
        column = known.get(one.stored_as)
        if column is None:
            missing.append(one)
            steps.append(_step(form, code, one))
        elif (why := _differs(column, one)) != "":
            unfit.append(f"{one.stored_as}: {why}")
            steps.append(f"Custom Form Design, form {code}: change {one.caption}: {why}.")
        else:
            there.append(one.stored_as)
    return FormDesign(tuple(there), tuple(missing), tuple(unfit), tuple(steps))


def _differs(column: Column, one: FormField) -> str:
    if column.type is not _KINDS[one.kind]:
        return f"it is {column.type.value}, {one.kind} is needed"
    if one.kind == "alpha" and (column.length or 0) < one.length:
        return f"it holds {column.length} characters, {one.length} are needed"
    return ""


def _step(form: str, code: str, one: FormField) -> str:
    size = f", length {one.length}" if one.kind == "alpha" else ""
    if one.kind == "numeric":
        size = f", {one.length} digits and {one.decimals} decimals"
    return (
        f"SYSPRO, Administration, Custom Form Design, form {code} ({form}): New, caption "
        f"\u201c{one.caption}\u201d, field name {one.name}, type {one.kind}{size}, "
        f"column {one.stored_as}."
    )
