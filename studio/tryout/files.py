"""What is read of a file that was sent, with what a trial takes at most; the form and the worker ask here."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from engine.resolve import Table
from engine.resolve.roles import headings_of_another_kind
from engine.schema.exports import ExportFileError, Upload
from engine.schema.load import SchemaFileError, load_schema
from engine.schema.model import SystemSchema
from studio.core.match_files import NoKeyColumn, read_table
from studio.tryout.models import KINDS

# Characters of a file's name that are kept; its ending says what is in it.
_NAME = 80


class Unreadable(Exception):
    """A file that cannot be tried; ``str()`` is the sentence for the person."""


def upload_of(file: UploadedFile[Any]) -> Upload:
    """A file of a form.

    Raises:
        Unreadable: it is larger than a trial takes.
    """
    name = (file.name or "")[-_NAME:]
    size, most = int(file.size or 0), settings.TRY_MEGABYTES * 1_000_000
    if size > most:
        said = _("%(name)s has %(size)d MB; a trial takes %(most)d MB a file at most.")
        raise Unreadable(
            said % {"name": name, "size": -(-size // 1_000_000), "most": settings.TRY_MEGABYTES}
        )
    return Upload(name, file.read())


def table_of(upload: Upload, kind: str) -> Table:
    """Records of an export, with the column that tells them apart.

    Raises:
        Unreadable: it is no table, has no records, no key or too many records, or is about something else.
    """
    table = _read(upload)
    if len(table.columns) == 1:
        said = _(
            "%(name)s: there is one column in it, “%(head)s”, and nothing to compare by. Send an export with "
            "a heading line and columns separated by commas, semicolons or tabs."
        )
        raise Unreadable(said % {"name": upload, "head": next(iter(table.columns))[:60]})
    if not table.keys:
        raise Unreadable(
            _("%(name)s: there is a heading line and no record below it.") % {"name": upload}
        )
    strange = headings_of_another_kind(table, kind)
    if strange:
        said = _(
            "%(name)s: its headings are not those of %(kind)s: %(heads)s. Choose what is in it above."
        )
        told = {"name": upload, "kind": dict(KINDS)[kind].lower(), "heads": ", ".join(strange[:5])}
        raise Unreadable(said % told)
    return table


def _read(upload: Upload) -> Table:
    try:
        return read_table(upload, most=settings.TRY_RECORDS)
    except NoKeyColumn as error:
        said = _("%(error)s; give each its own code or number in one column.")
        raise Unreadable(said % {"error": error}) from error
    except ExportFileError as error:
        raise Unreadable(f"{error}.") from error


def schema_of(upload: Upload) -> SystemSchema:
    """Fields of a schema file or of an export.

    Raises:
        Unreadable: it is neither, or has too many fields.
    """
    try:
        schema = load_schema(upload)
    except SchemaFileError as error:
        raise Unreadable(f"{error}.") from error
    count = sum(len(entity.fields) for entity in schema.entities)
    if not count:
        raise Unreadable(_("%(name)s: there are no fields in it.") % {"name": upload})
    if count > settings.TRY_FIELDS:
        said = _("%(name)s: has %(count)d fields; a trial takes %(most)d at most.")
        raise Unreadable(said % {"name": upload, "count": count, "most": settings.TRY_FIELDS})
    return schema


def look_into(kind: str, upload: Upload) -> None:
    """Whether a file can be tried.

    Raises:
        Unreadable: it cannot, and why.
    """
    if kind == "field":
        schema_of(upload)
    else:
        table_of(upload, kind)
