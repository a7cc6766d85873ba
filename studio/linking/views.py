"""Match review: two records side by side, one key, and taking back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from studio.accounts.middleware import StudioRequest, page
from studio.accounts.roles import MATCH, READ
from studio.catalog.models import Connection
from studio.core import addresses
from studio.core.dispatch import nudge
from studio.core.htmx import page_or_part, wants_part
from studio.core.paging import keyset
from studio.core.refused import DecisionRefused
from studio.core.surest import allowed_of
from studio.core.waterfalls import drawn
from studio.learning.opinions import Suggestion, may_ask
from studio.linking import actions, queries
from studio.linking.actions.judge import BulkResult, near_twins, needs_reason
from studio.linking.compare import Compared, Meanings, beside, meanings_of
from studio.linking.eyes import SURE, rivals
from studio.linking.models import KINDS, Judgement, Pair, Party, RecordNote
from studio.linking.opinions import suggestions_on
from studio.linking.owed import Owed, owed_of
from studio.linking.queries import Narrowing

SIZE = 20
LIST = "linking:matches"
# How many wrong ones are allowed, in the address and in the form.
ALLOWED = "expected_wrong"
BANDS = ("certain", "strong", "possible", "guess")


@dataclass(frozen=True, slots=True)
class PairView:
    """One left record with its best partner and the other candidates."""

    pair: Pair
    fields: list[Compared]
    candidates: list[Pair]
    opinion: Suggestion | None = None
    notes: int = 0
    # Who kept the two apart, in the list of those.
    apart: Judgement | None = None
    # What is open with the records of the card, by party.
    owed: Mapping[int, Owed] = field(default_factory=dict)

    @property
    def left_owed(self) -> Owed | None:
        """What is open with the left record; None where nobody has looked."""
        return self.owed.get(self.pair.left_id)

    @property
    def right_owed(self) -> Owed | None:
        """The same of its best partner."""
        return self.owed.get(self.pair.right_id)

    @property
    def others(self) -> list[tuple[int, Pair, Owed | None]]:
        """The other candidates with their place among all, and what is open with each."""
        numbered = enumerate(self.candidates, start=1)
        return [(n, p, self.owed.get(p.right_id)) for n, p in numbered if p.pk != self.pair.pk]

    @property
    def suggested(self) -> str:
        """The record that the language model would link, by name; empty where it named none."""
        return suggested(self.opinion, self.candidates)

    @property
    def needs_reason(self) -> bool:
        """Whether saying that the two are not the same takes a reason."""
        return needs_reason(self.pair)

    @property
    def twins(self) -> list[Pair]:
        """Several strong candidates: the target itself may hold the record twice."""
        strong = [p for p in self.candidates if p.probability >= SURE]
        return strong if len(strong) > 1 else []

    @property
    def rival(self) -> Pair | None:
        """A second candidate that is nearly as sure, where the two are no twins."""
        others = [p for p in self.candidates if p.pk != self.pair.pk]
        near = [p for p in others if rivals(self.pair.probability, p.probability)]
        return near[0] if near and not self.twins else None


def suggested(said: Suggestion | None, candidates: list[Pair]) -> str:
    """The name of the record an opinion is for."""
    chosen = (p.right for p in candidates if said and p.right.key == said.answer)
    return next((r.label or r.code or r.key for r in chosen), "")


@page(READ)
@require_GET
def matches(request: StudioRequest) -> HttpResponse:
    """Records of both sides, the best partner first."""
    context = _context(request, request.GET)
    return page_or_part(request, "linking/matches.html", "linking/_matches.html", context)


def _context(request: StudioRequest, query: QueryDict) -> dict[str, Any]:
    narrowing = Narrowing.of(query)
    if not _is_key(narrowing.target):
        narrowing = Narrowing(**{**_plain(narrowing), "target": ""})
    routes = queries.routes(request.workspace)
    targets = list(dict.fromkeys(r.target for r in routes))
    groups = _facets(request, query, narrowing, targets)
    context: dict[str, Any] = {
        "narrowing": narrowing,
        "was_compared": queries.was_compared(request.workspace, narrowing),
        "kinds": [
            {
                "value": k,
                "label": _(label),
                "url": addresses.narrowed(query, kind=k),
                "on": k == narrowing.kind,
            }
            for k, label in KINDS
        ],
        "targets": targets,
        "groups": groups,
        "lonely_count": next(r["count"] for r in groups[0]["rows"] if r["value"] == "unmatched"),
        "lonely_url": addresses.narrowed(query, state="unmatched"),
        "may_match": request.actor.may(MATCH),
        "back": addresses.here(reverse(LIST), query),
        "hints": _hints(request, narrowing),
        "sorts": [
            ("surest", _("Surest first")),
            ("worth", _("Settles most first")),
            ("money", _("Money first")),
            ("weakest", _("Weakest first")),
        ],
        "may_note": request.actor.may(MATCH),
    }
    if request.actor.may(MATCH) and narrowing.state == "open":
        context["allowed"] = query.get(ALLOWED, "1")
        best = queries.open_pairs(request.workspace, narrowing)
        context["budget"] = actions.budget(best, allowed_of(context["allowed"]) or 0.0)
        context["budget_url"] = addresses.narrowed(query, **{ALLOWED: ""})
    return context | _rows(request, query, narrowing, targets)


def _hints(request: StudioRequest, narrowing: Narrowing) -> list[tuple[str, str]]:
    """The keys of the buttons that this person is shown."""
    found = [("↓ ↑", _("move"))]
    if request.actor.may(MATCH) and narrowing.state == "open":
        found += [("Enter", _("link")), ("1–5", _("another")), ("r", _("not a match"))]
        found += [("n", _("create new")), ("s", _("later"))]
    elif request.actor.may(MATCH) and narrowing.state == "unmatched":
        found += [("n", _("create new"))]
    if request.actor.may(MATCH) and narrowing.state in ("apart", "unmatched"):
        found += [("t", _("take back"))]
    if narrowing.state in ("open", "apart"):
        found += [("e", _("explain"))]
    return [*found, ("u", _("undo"))] if request.actor.may(MATCH) else found


def _plain(narrowing: Narrowing) -> dict[str, str]:
    return {
        name: getattr(narrowing, name)
        for name in ("kind", "target", "state", "band", "text", "sort")
    }


def _is_key(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return not text
    return True


def _rows(
    request: StudioRequest, query: QueryDict, narrowing: Narrowing, targets: list[Connection]
) -> dict[str, Any]:
    after, before = query.get("after"), query.get("before")
    match narrowing.state:
        case "linked":
            linked = queries.links(request.workspace, narrowing)
            rows = keyset(linked, ("left_code", "id"), after=after, before=before, size=SIZE * 2)
            return {"rows": rows, "links": rows.rows}
        case "apart":
            found = queries.apart(request.workspace, narrowing)
            pairs = keyset(found, ("-probability", "id"), after=after, before=before, size=SIZE)
            notes, said_apart = _notes(pairs.rows), queries.kept_apart(pairs.rows)
            known = _meanings(pairs.rows)
            owed = owed_of(request.workspace, narrowing.kind, _ends(pairs.rows))
            apart = [
                PairView(
                    p,
                    beside(p.left, p.right, known),
                    [],
                    notes=notes.get((p.left_id, p.right.connection_id), 0),
                    apart=said_apart.get((p.left_id, p.right_id)),
                    owed=owed,
                )
                for p in pairs.rows
            ]
            return {"rows": pairs, "views": apart}
        case "unmatched":
            where = _looked_at(narrowing, targets)
            found_lonely = queries.unmatched_anywhere(request.workspace, narrowing, where)
            parties = keyset(
                found_lonely, ("-money", "id"), after=after, before=before, size=SIZE * 2
            )
            lonely = queries.lonely_rows(request.workspace, narrowing, where, parties.rows)
            return {"rows": parties, "lonely": lonely}
        case _:
            best = queries.open_pairs(request.workspace, narrowing)
            pairs = keyset(best, narrowing.order, after=after, before=before, size=SIZE)
            others = queries.alternatives(pairs.rows)
            every = [one for several in others.values() for one in several]
            said = suggestions_on(request.workspace, narrowing.kind, every)
            notes, known = _notes(pairs.rows), _meanings(pairs.rows)
            owed = owed_of(request.workspace, narrowing.kind, _ends(pairs.rows, every))
            views = []
            for p in pairs.rows:
                ends = p.left_id, p.right.connection_id
                views.append(
                    PairView(
                        p,
                        beside(p.left, p.right, known),
                        others.get(ends, [p]),
                        said.get(ends),
                        notes.get(ends, 0),
                        owed=owed,
                    )
                )
            return {"rows": pairs, "views": views}


def _ends(pairs: list[Pair], others: Iterable[Pair] = ()) -> list[Party]:
    """Both records of each pair, and the candidates of other pairs with the same left records."""
    return [p.left for p in pairs] + [p.right for p in (*pairs, *others)]


def _notes(pairs: list[Pair]) -> dict[tuple[int, int], int]:
    """How many remarks stand beside each record of the page, by record and target."""
    counted = RecordNote.objects.filter(left__in={p.left_id for p in pairs}).order_by()
    rows = counted.values_list("left_id", "target_id").annotate(n=Count("id"))
    return {(left, target): n for left, target, n in rows}


def _looked_at(narrowing: Narrowing, targets: list[Connection]) -> list[Connection]:
    """The target that was chosen, or all of them."""
    return [t for t in targets if narrowing.target in ("", str(t.uuid))]


def _meanings(pairs: list[Pair]) -> dict[int, Meanings]:
    """What codes mean in the companies whose records are on a page."""
    return meanings_of({c for p in pairs for c in (p.left.connection, p.right.connection)})


def _facets(
    request: StudioRequest, query: QueryDict, narrowing: Narrowing, targets: list[Connection]
) -> list[dict[str, Any]]:
    best = queries.open_pairs(request.workspace, Narrowing(narrowing.kind, narrowing.target))
    words = dict(best.order_by().values("word").annotate(n=Count("id")).values_list("word", "n"))
    bands = [
        {
            "value": word,
            "label": _(word),
            "count": words.get(word, 0),
            "on": word == narrowing.band,
            "url": addresses.narrowed(query, band="" if word == narrowing.band else word),
        }
        for word in BANDS
    ]
    linked = queries.links(request.workspace, Narrowing(narrowing.kind, narrowing.target)).count()
    apart = queries.apart(request.workspace, narrowing).count()
    lonely = sum(
        queries.unmatched(request.workspace, narrowing, one).count()
        for one in _looked_at(narrowing, targets)
    )
    states = [
        ("open", _("To review"), sum(words.values())),
        ("unmatched", _("No partner found"), lonely),
        ("linked", _("Linked"), linked),
        ("apart", _("Not a match"), apart),
    ]
    return [
        {
            "name": _("Status"),
            "key": "state",
            "rows": [
                {
                    "value": value,
                    "label": label,
                    "count": count,
                    "on": value == narrowing.state,
                    "url": addresses.narrowed(query, state=value),
                }
                for value, label, count in states
            ],
        },
        {"name": _("Confidence"), "key": "band", "rows": bands},
    ]


def answer(
    request: StudioRequest,
    text: str,
    tone: str = "success",
    *,
    undo: uuid.UUID | None = None,
    target: str = "",
) -> HttpResponse:
    """The list again with a toast.

    Args:
        request: who asked, and from where.
        text: what the toast says.
        tone: of the toast.
        undo: the judgement, or the bulk, that its button takes back.
        target: the list to show, if not the one the person came from.
    """
    target = target or addresses.back(request, reverse(LIST))
    if not wants_part(request):
        level = {"success": messages.SUCCESS, "warning": messages.WARNING}.get(tone, messages.ERROR)
        messages.add_message(request, level, text)
        return redirect(target)
    context = _context(request, QueryDict(urlsplit(target).query))
    context |= {"text": text, "tone": tone}
    if undo:
        context |= {"undo_url": reverse("linking:undo"), "undo_of": undo}
    return render(request, "linking/_answer.html", context)


def pair_of(request: StudioRequest, key: uuid.UUID) -> Pair:
    """The pair, if it is in the person's workspace."""
    return get_object_or_404(
        Pair.objects.select_related("left__connection", "right__connection"),
        uuid=key,
        left__connection__workspace=request.workspace,
    )


@page(MATCH)
@require_POST
def judge(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """One judgement; the button pressed says which, ``pair`` names another candidate."""
    pair = pair_of(request, key)
    if other := request.POST.get("pair", ""):
        if not other or not _is_key(other):
            return answer(request, _("There is no such candidate."), "error")
        pair = get_object_or_404(
            Pair.objects.select_related("left__connection", "right__connection"),
            uuid=other,
            left=pair.left,
        )
    verdict = request.POST.get("verdict", "same")
    try:
        made = actions.judge(
            request.actor, pair.left, pair.right, verdict, comment=request.POST.get("comment", "")
        )
    except DecisionRefused as fault:
        return answer(request, f"{fault.sentence} {fault.fix}".strip(), "error")
    words = {
        "same": _("%(left)s is %(right)s."),
        "not_a_match": _("%(left)s is not %(right)s. They will not be proposed again."),
        "unsure": _("%(left)s comes back at the end of the list."),
    }
    text = words[verdict] % {"left": pair.left.label, "right": pair.right.label}
    return answer(request, text, undo=made.uuid)


@page(MATCH)
@require_POST
def create(request: StudioRequest, key: uuid.UUID, target: uuid.UUID) -> HttpResponse:
    """Say that a record is missing in the target and shall be created there."""
    party = _party_of(request, key)
    where = get_object_or_404(Connection, uuid=target, workspace=request.workspace)
    try:
        made = actions.judge(
            request.actor,
            party,
            None,
            "create_new",
            target=where,
            comment=request.POST.get("comment", ""),
        )
    except DecisionRefused as fault:
        return answer(request, f"{fault.sentence} {fault.fix}".strip(), "error")
    text = _("%(record)s will be created in %(target)s when a document needs it.")
    return answer(request, text % {"record": party.label, "target": where}, undo=made.uuid)


def _party_of(request: StudioRequest, key: uuid.UUID) -> Party:
    return get_object_or_404(
        Party.objects.select_related("connection"),
        uuid=key,
        connection__workspace=request.workspace,
    )


@page(READ)
@require_GET
def explain(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """Waterfalls of all candidates, the way to create, and who judged what."""
    pair = pair_of(request, key)
    others = queries.alternatives([pair]).get((pair.left_id, pair.right.connection_id), [pair])
    ends = pair.left_id, pair.right.connection_id
    opinion = suggestions_on(request.workspace, pair.kind, others).get(ends)
    owed = owed_of(request.workspace, pair.kind, _ends([pair], others))
    context = {
        "pair": pair,
        "opinion": opinion,
        "suggested": suggested(opinion, others),
        "may_ask": may_ask(request.actor),
        "ask": request.GET.get("ask", ""),
        "left_owed": owed.get(pair.left_id),
        "candidates": [
            (
                one,
                drawn(one.waterfall, one.probability, _("How the confidence came about")),
                owed.get(one.right_id),
            )
            for one in others
        ],
        "history": list(
            Judgement.objects.filter(left=pair.left, target=pair.right.connection)
            .select_related("right")
            .order_by("-id")[:10]
        ),
        "twins": near_twins(pair.left, pair.right.connection),
        "notes": list(RecordNote.objects.filter(left=pair.left, target=pair.right.connection)),
        "may_match": request.actor.may(MATCH),
        "may_note": request.actor.may(MATCH),
        "back": addresses.came_from(request, reverse(LIST)),
    }
    template = "linking/_detail.html" if wants_part(request) else "linking/detail.html"
    return render(request, template, context)


@page(MATCH)
@require_POST
def bulk(request: StudioRequest) -> HttpResponse:
    """Judge everything ticked; each is one judgement."""
    keys = [k for k in request.POST.getlist("tick") if k and _is_key(k)]
    pairs = list(
        Pair.objects.filter(uuid__in=keys, left__connection__workspace=request.workspace)
        .filter(judged__in=queries.OPEN)
        .select_related("left__connection", "right__connection")
    )
    if not pairs:
        return answer(request, _("Tick some records first (x)."), "warning")
    result = actions.bulk(request.actor, pairs, request.POST.get("verdict", "same"))
    return _answer_bulk(request, result)


def _answer_bulk(request: StudioRequest, result: BulkResult) -> HttpResponse:
    tone = "warning" if result.left else "success"
    return answer(request, result.sentence, tone, undo=result.bulk if result.done else None)


@page(MATCH)
@require_POST
def accept_within(request: StudioRequest) -> HttpResponse:
    """Link as many as possible with at most so many expected wrong, if that is what the page said."""
    asked = request.POST.get(ALLOWED, "1")
    allowed = allowed_of(asked)
    if allowed is None:
        return answer(request, _("Give a number, such as 1."), "error")
    query = QueryDict(urlsplit(addresses.back(request, reverse(LIST))).query, mutable=True)
    query[ALLOWED] = asked
    narrowing = Narrowing.of(query)
    if not _is_key(narrowing.target):
        return answer(request, _("There is no such connection."), "error")
    best = queries.open_pairs(request.workspace, narrowing)
    try:
        told = request.POST.get("told", "")
        result = actions.accept_within(request.actor, best, allowed, told=told)
    except DecisionRefused as fault:
        here = addresses.here(reverse(LIST), query)
        return answer(request, f"{fault.sentence} {fault.fix}".strip(), "warning", target=here)
    return _answer_bulk(request, result)


@page(MATCH)
@require_POST
def note(request: StudioRequest, key: uuid.UUID) -> HttpResponse:
    """A remark or a question to a colleague, beside a record and its candidates."""
    pair = pair_of(request, key)
    try:
        text = request.POST.get("text", "")
        actions.comment(request.actor, pair.left, pair.right.connection, text)
    except DecisionRefused as fault:
        return answer(request, fault.sentence, "error")
    return answer(request, _("Your remark stands beside %s.") % pair.left.label)


@page(MATCH)
@require_POST
def undo(request: StudioRequest) -> HttpResponse:
    """Take back the judgement the page names, else the person's last one; that is repeatable."""
    named = request.POST.get("of", "")
    try:
        done = (
            actions.undo_named(request.actor, _key(named))
            if named
            else actions.undo_last(request.actor)
        )
    except DecisionRefused as fault:
        return answer(request, f"{fault.sentence} {fault.fix}".strip(), "warning")
    if len(done) == 1:
        return answer(request, _("Taken back: %s.") % done[0].left.label)
    return answer(request, _("%d judgements taken back.") % len(done))


def _key(text: str) -> uuid.UUID:
    if not _is_key(text):
        raise DecisionRefused(_("There is no such judgement."), _("Nothing was changed."))
    return uuid.UUID(text)


@page(MATCH)
@require_POST
def search(request: StudioRequest) -> HttpResponse:
    """Ask a worker to compare again."""
    nudge("flows.match_masters", request.workspace.pk)
    text = _("Both sides are being read and compared. Reload in about a minute to see what is new.")
    return answer(request, text)
