"""From a value that was not accepted to the very field of the mapping that makes it, or to who may change it.

A value of our own document is made where the record is understood, one of the target where it is written.
A step of the flow may fill it instead: then the way leads to the step.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from connectors.http.jsontext import load
from engine.canon.model import DOCUMENTS
from engine.schema.model import Record
from studio.accounts.models import who_can
from studio.accounts.roles import MAP, TRIAGE
from studio.core.action import Actor
from studio.flows.actions import item_of
from studio.flows.culprits import plain
from studio.flows.evidence import place_words
from studio.flows.models import FlowVersion, InboxItem
from studio.flows.steps import steps_of
from studio.flows.trial import choice_key
from studio.linking.models import Party
from studio.mapping.examples import NAME, register_example
from studio.mapping.models import Mapping as FieldMapping
from studio.mapping.models import MappingRow, MappingVersion
from studio.triage.letters import page_of, write
from studio.triage.models import Case, CaseNote, ClassOwner
from studio.triage.remedies import Choice, Input, Remedy, register
from studio.triage.ways import Way, register_way

ASKED = "integrator"


def record_of(case: Case, mapping: FieldMapping) -> Record | None:
    """What a mapping reads of the record of a case: as the source gave it, or as we understood it."""
    item = item_of(case)
    if item is None or mapping.workspace_id != case.workspace_id:
        return None
    if mapping.direction == "outbound":
        ours = mapping.connection_id == item.flow.target_id
        same = mapping.document == item.flow.design.get("document")
        if ours and not same and (party := _created(case, item)):
            return dict(party.data)
        return dict(item.canonical) if ours and same else None
    if mapping.connection_id != item.flow.source_id or mapping.entity != item.entity:
        return None
    return dict(load(item.payload)["data"])


def _created(case: Case, item: InboxItem) -> Party | None:
    """The customer, supplier or item whose creation a case is about."""
    kind, code = case.evidence.get("creates"), case.evidence.get("code")
    return Party.objects.filter(connection=item.flow.source_id, kind=kind, code=code).first()


def field_of(case: Case) -> MappingRow | None:
    """The row of the review that makes the value a case is about."""
    item, version = _held(case)
    if item is None or version is None or not case.field:
        return None
    place = plain(case.field)
    mapping = _mapping(version, case, ours=_is_ours(item, place))
    rows = list(mapping.rows.defer("candidates")) if mapping else []
    for found in _named(rows, place):
        if found:
            # Several rows may fill one field; the one that is in force stands for it.
            return min(found, key=lambda r: (r.state != "approved", r.alternative))
    return None


def _named(rows: list[MappingRow], place: str) -> Iterator[list[MappingRow]]:
    """Rows a place may mean: vendors name a field itself, the object it is in, or its last word alone."""
    yield [r for r in rows if r.target_path == place]
    yield [r for r in rows if r.target_path.startswith(f"{place}.")]
    yield [r for r in rows if r.target_path.endswith(f".{place}")]


def _held(case: Case) -> tuple[InboxItem | None, FlowVersion | None]:
    item = item_of(case) if case.case_class == "value" else None
    if item is None or item.state != "parked":
        return None, None
    return item, item.flow.versions.filter(state="published").first()


def _is_ours(item: InboxItem, place: str) -> bool:
    shape = DOCUMENTS.get(str(item.flow.design.get("document")))
    return shape is not None and re.split(r"[.\[]", place, maxsplit=1)[0] in shape.model_fields


def _mapping(version: FlowVersion, case: Case, *, ours: bool) -> FieldMapping | None:
    content = version.content
    pins = [content.get("inbound")] if ours else list(content.get("outbound", {}).values())
    if made := case.evidence.get("creates"):
        pins = [content.get("creates", {}).get(made)]
    # A flow that writes several kinds says the field of one; the first is shown with all its fields. What a
    # portal's own flow runs with is no mapping that anybody reviews.
    found = MappingVersion.objects.select_related("mapping").filter(
        pk__in=[p["version"] for p in pins if p and "version" in p]
    )
    return next((v.mapping for v in found), None)


def address_of(case: Case) -> str:
    """Where the value of a case is made; empty where nobody can say."""
    item, version = _held(case)
    if item is None or version is None or not case.field:
        return ""
    place = plain(case.field)
    step = next((s for s in steps_of(version.content["design"]) if s.get("to") == place), None)
    if step is not None:
        # The draft may be without it by now; then the flow itself is shown.
        drawn = any(s["id"] == step["id"] for s in steps_of(item.flow.design))
        where = [item.flow.key, step["id"]] if drawn else [item.flow.key]
        place = reverse("flows:flow-step" if drawn else "flows:flow", args=where)
        return f"{place}?{urlencode({'record': choice_key(item)})}"
    row = field_of(case)
    if row is None:
        return ""
    said = {"state": "all", "q": row.target_path, "row": str(row.uuid), NAME: str(case.uuid)}
    review = reverse("mapping:review", args=[row.mapping.uuid])
    return f"{review}?{urlencode(said)}#row-{row.uuid}"


# --- who may not map asks somebody who may ----------------------------------------------------------


def _askable(case: Case) -> bool:
    # Whoever has it already was asked; asking somebody else is assigning it.
    asked = case.assignee_id in {p.pk for p in who_can(case.workspace_id, MAP)} or (
        case.assignee_id is None and case.audience == ASKED
    )
    return bool(address_of(case)) and not asked


def _whom(case: Case, text: str) -> list[Choice]:
    anybody = Choice(ASKED, _("Whichever integrator has time"))
    return [anybody, *(Choice(p.username, str(p)) for p in who_can(case.workspace_id, MAP))]


def _usual(case: Case) -> str:
    """Who has such cases from the start, else who is responsible for the system it is written to."""
    owner = ClassOwner.objects.filter(workspace=case.workspace_id, case_class="value").first()
    item = item_of(case)
    people = who_can(case.workspace_id, MAP)
    for one in (owner.person if owner else None, item.flow.target.owner if item else None):
        if one in people:
            return one.username
    return ASKED


def _question(case: Case) -> str:
    words = place_words(case.field)
    return _("Please change how “%(field)s” is made: %(said)s") % {
        "field": words,
        "said": case.sentence,
    }


def _ask(actor: Actor, case: Case, values: Mapping[str, str]) -> str:
    chosen = next(
        (p for p in who_can(case.workspace_id, MAP) if p.username == values["person"]), None
    )
    if chosen is None and values["person"] != ASKED:
        raise ValidationError(_("Choose somebody who may change mappings."))
    case.assignee, case.state = chosen, "in_work" if chosen else "open"
    if chosen is None:
        case.audience = ASKED
    case.save(update_fields=["assignee", "state", "audience", "updated_at"])
    text = values["text"].strip()
    CaseNote.objects.create(case=case, author=actor.name, text=text)
    to = ASKED if chosen is None else chosen.email
    subject = _("%(who)s asks about %(record)s") % {
        "who": actor.person,
        "record": case.record_label,
    }
    write(case, to, subject, f"{text}\n\n{page_of(case)}", asks=actor)
    return _("%s was asked.") % (chosen or _("An integrator"))


def register_all() -> None:
    """Add the way, the question and the example; called once from ``FlowsConfig.ready``."""
    register_example(record_of)
    register_way(
        Way(
            _lazy("Change the transformation"),
            MAP,
            address_of,
            _lazy("Leads to the field in review, with this record as the example."),
        )
    )
    register(
        Remedy(
            "ask_integrator",
            "Ask an integrator",
            TRIAGE,
            _askable,
            _ask,
            (
                Input("person", "Whom", "choice", choices=_whom, initial=_usual, searched=False),
                Input("text", "What is asked", "reason", initial=_question),
            ),
        )
    )
