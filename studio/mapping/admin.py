"""Admin site: lookup tables are edited here; versions, decisions and proposal runs are only read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets
from import_export.admin import ImportExportMixin
from import_export.formats.base_formats import CSV, XLSX
from simple_history.admin import SimpleHistoryAdmin

from studio.catalog.models import Code
from studio.core.readonly import ReadOnly
from studio.core.refused import DecisionRefused
from studio.mapping.actions.lookups import checked_target, key_of
from studio.mapping.models import (
    Decision,
    LookupRow,
    LookupTable,
    MappingVersion,
    ProposalRun,
)
from studio.mapping.queries import rows_using


def check_row(table: LookupTable, target: str, valid_from: Any, valid_to: Any) -> str:
    """The label of the target code.

    Raises:
        ValidationError: the target's list has no such active code, or the dates are the wrong way.
    """
    if valid_from and valid_to and valid_to < valid_from:
        raise ValidationError({"valid_to": "The last day lies before the first."})
    try:
        return checked_target(table, target)
    except DecisionRefused as fault:
        raise ValidationError({"target": f"{fault.sentence} {fault.fix}".strip()}) from fault


class LookupRowForm(forms.ModelForm):  # type: ignore[type-arg]
    """One translation, checked against the target's own list."""

    class Meta:
        model = LookupRow
        fields = ("source", "source_label", "target", "valid_from", "valid_to", "note")

    def choose_from(self, table: LookupTable) -> None:
        """Offer the target's own list; where it is not known, the key is typed."""
        codes = Code.objects.filter(connection=table.connection_id, kind=table.code_kind)
        known = [
            (c.key, c.label or c.code or c.key)
            for c in codes.order_by("label", "key")
            if c.active or c.key == self.instance.target
        ]
        if known:
            said = str(self.data.get(self.add_prefix("target"), self.instance.target) or "")
            other = [(said, said)] if said and said not in dict(known) else []
            self.fields["target"].widget = forms.Select(choices=[("", "–"), *known, *other])

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        table = self.instance.table if self.instance.table_id else None
        if table is not None and found.get("target"):
            found["target"] = key_of(table, found["target"])
            self.instance.target_label = check_row(
                table, found["target"], found.get("valid_from"), found.get("valid_to")
            )[:200]
        return found


class RowFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """Rows of one table; the form needs to know whose list it is checked against."""

    def _construct_form(self, i: int, **kwargs: Any) -> LookupRowForm:
        form: LookupRowForm = super()._construct_form(i, **kwargs)  # type: ignore[misc]
        return self._of_the_table(form)

    @property
    def empty_form(self) -> LookupRowForm:
        """The row that “add another” copies."""
        return self._of_the_table(super().empty_form)

    def _of_the_table(self, form: Any) -> LookupRowForm:
        form.instance.table = self.instance
        if self.instance.connection_id:
            form.choose_from(self.instance)
        return form  # type: ignore[no-any-return]


class LookupRowInline(admin.TabularInline):  # type: ignore[type-arg]
    """The translations of a table."""

    model = LookupRow
    form = LookupRowForm
    formset = RowFormSet
    extra = 1
    fields = (
        "source",
        "source_label",
        "target",
        "target_label",
        "valid_from",
        "valid_to",
        "note",
        "decided_by",
    )
    readonly_fields = ("target_label", "decided_by")


@admin.register(LookupTable)
class LookupTableAdmin(SimpleHistoryAdmin):  # type: ignore[misc]
    """Tables with their rows, their history and who uses them."""

    list_display = ("label", "connection", "name", "code_kind", "row_count", "users")
    list_filter = ("connection", "code_kind")
    search_fields = ("label", "name", "rows__source", "rows__target_label")
    readonly_fields = ("used_by",)
    fields = ("workspace", "connection", "name", "label", "code_kind", "description", "used_by")
    inlines = (LookupRowInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[LookupTable]:
        found: QuerySet[LookupTable] = super().get_queryset(request)
        return found.select_related("connection").annotate(n=Count("rows"))

    @admin.display(description="rows", ordering="n")
    def row_count(self, table: LookupTable) -> int:
        return int(getattr(table, "n", 0))

    @admin.display(description="used by")
    def users(self, table: LookupTable) -> str:
        count = len(rows_using(table))
        return f"{count} field{'s' if count != 1 else ''}"

    @admin.display(description="used by")
    def used_by(self, table: LookupTable) -> SafeString | str:
        if not table.pk:
            return "–"
        links = format_html_join(
            "",
            '<li><a href="{}?state=all&amp;q={}">{}: {}</a></li>',
            (
                (
                    reverse("mapping:review", args=[row.mapping.uuid]),
                    row.target_path,
                    str(row.mapping),
                    row.target_path,
                )
                for row in rows_using(table)
            ),
        )
        return format_html("<ul>{}</ul>", links) if links else "no mapping yet"

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.save(commit=False):
            row.decide(str(request.user))
            row.save()
        for row in formset.deleted_objects:
            row.delete()
        formset.save_m2m()


class LookupRowResource(resources.ModelResource):  # type: ignore[misc]
    """Rows as a file: one line per translation, the table by its name and connection."""

    table = fields.Field(column_name="table", attribute="table__name", readonly=True)
    connection = fields.Field(
        column_name="connection", attribute="table__connection__name", readonly=True
    )
    valid_from = fields.Field("valid_from", "valid_from", widget=widgets.DateWidget("%Y-%m-%d"))
    valid_to = fields.Field("valid_to", "valid_to", widget=widgets.DateWidget("%Y-%m-%d"))

    class Meta:
        model = LookupRow
        import_id_fields = ("connection", "table", "source", "valid_from")
        fields = (
            "connection",
            "table",
            "source",
            "source_label",
            "target",
            "target_label",
            "valid_from",
            "valid_to",
            "note",
        )
        export_order = fields
        skip_unchanged = True
        report_skipped = True
        use_transactions = True

    def get_instance(self, instance_loader: Any, row: dict[str, Any]) -> LookupRow | None:
        table = self._table(row)
        start = self.fields["valid_from"].clean(row)
        return LookupRow.objects.filter(
            table=table, source=str(row.get("source") or ""), valid_from=start
        ).first()

    def before_save_instance(self, instance: LookupRow, row: dict[str, Any], **kwargs: Any) -> None:
        user = kwargs.get("user")
        instance.decide(str(user) if user else instance.decided_by)

    def import_instance(self, instance: LookupRow, row: dict[str, Any], **kwargs: Any) -> None:
        instance.table = self._table(row)
        super().import_instance(instance, row, **kwargs)
        instance.target_label = check_row(
            instance.table, instance.target, instance.valid_from, instance.valid_to
        )[:200]

    @staticmethod
    def _table(row: dict[str, Any]) -> LookupTable:
        table = LookupTable.objects.filter(
            name=str(row.get("table") or ""), connection__name=str(row.get("connection") or "")
        ).first()
        if table is None:
            raise ValidationError(
                _("There is no table “%(table)s” of a connection “%(connection)s”.")
                % {"table": row.get("table"), "connection": row.get("connection")}
            )
        return table


@admin.register(LookupRow)
class LookupRowAdmin(ImportExportMixin, SimpleHistoryAdmin):  # type: ignore[misc]
    """All rows of all tables: to search, to export, and to import with a preview."""

    resource_classes = (LookupRowResource,)
    formats = (CSV, XLSX)
    list_display = ("source", "source_label", "target_label", "table", "valid_from", "valid_to")
    list_filter = ("table__connection", "table")
    search_fields = ("source", "source_label", "target", "target_label")
    list_select_related = ("table__connection",)
    fields = ("table", "source", "source_label", "target", "valid_from", "valid_to", "note")

    def save_model(self, request: HttpRequest, obj: LookupRow, form: Any, change: bool) -> None:
        obj.decide(str(request.user))
        obj.save()

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_form(request, obj, form=SingleRowForm, **kwargs)


class SingleRowForm(forms.ModelForm):  # type: ignore[type-arg]
    """A row on its own page, where the table is chosen too."""

    class Meta:
        model = LookupRow
        fields = ("table", "source", "source_label", "target", "valid_from", "valid_to", "note")
        help_texts = {"target": "key, code or name in the list of the target"}

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        if found.get("table") and found.get("target"):
            found["target"] = key_of(found["table"], found["target"])
            self.instance.target_label = check_row(
                found["table"], found["target"], found.get("valid_from"), found.get("valid_to")
            )[:200]
        return found


@admin.register(MappingVersion)
class MappingVersionAdmin(ReadOnly):
    """Published mappings, as they were published."""

    list_display = ("mapping", "number", "state", "content_hash", "published_by", "created_at")
    list_select_related = ("mapping__connection",)


@admin.register(Decision)
class DecisionAdmin(ReadOnly):
    """Who decided what on which evidence."""

    list_display = ("row", "verdict", "actor", "role", "method", "confidence", "created_at")
    list_select_related = ("row__mapping__connection",)
    list_filter = ("verdict", "role", "method")
    search_fields = ("actor", "row__target_path", "comment")


@admin.register(ProposalRun)
class ProposalRunAdmin(ReadOnly):
    """When the proposer ran, how long and at what cost."""

    list_display = ("mapping", "embedder", "rows", "asked", "tokens", "seconds", "created_at")
    list_select_related = ("mapping__connection",)
