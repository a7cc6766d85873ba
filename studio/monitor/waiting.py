"""What waits for the reader: every kind of decision that their role may take, with the way there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from engine.canon.money import spoken
from studio.accounts.models import Workspace
from studio.accounts.roles import APPROVE, LOOKUP, MAP, MATCH, PUBLISH, TIE_OUT, TRIAGE
from studio.core.action import Actor
from studio.flows.models import Delivery, Rehearsal
from studio.flows.rehearsal.narrowed import is_narrowed
from studio.flows.rehearsal.sign import risk_of, why_not_signed
from studio.flows.rehearsal.standing import superseded
from studio.learning.queries import to_ask, to_settle
from studio.linking.models import KINDS
from studio.linking.queries import Narrowing, open_pairs
from studio.mapping.models import MappingRow, ValueProposal
from studio.mapping.risk import returned, unconfirmed
from studio.mapping.value_risk import alone
from studio.tieout.overtaken import overtaken
from studio.tieout.signing import period_of
from studio.triage.narrowing import NOBODY
from studio.triage.queries import held_up, held_up_words, open_cases, open_questions
from studio.triage.words import ROLE_OF, ROLES

SHOWN = 0.3
# Questions of colleagues that are named one by one.
QUESTIONS = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """One kind of decision: how many, in words, and where it is taken."""

    count: int
    words: str
    url: str


def waiting_for(actor: Actor, workspace: Workspace) -> list[Waiting]:
    """What this person can decide now; empty for who only reads."""
    found: list[Waiting] = [*_questions(actor, workspace), *_asked_of(actor, workspace)]
    if actor.may(TRIAGE):
        found += _exceptions(workspace)
    if actor.may(APPROVE):
        found += _held(workspace)
    if actor.may(APPROVE) or actor.may(PUBLISH):
        found += _rehearsals(actor, workspace)
    if actor.may(TIE_OUT):
        found += _overtaken(workspace)
    if actor.may(MATCH):
        found += _matches(workspace)
    if actor.may(MAP):
        found += [*_sent_back(actor, workspace), *_fields(workspace)]
    if actor.may(MAP) or actor.may(APPROVE):
        found += _unconfirmed(actor, workspace)
        found += _values_alone(actor, workspace)
    if actor.may(LOOKUP):
        found += _values(workspace)
    found += _second_looks(actor, workspace)
    return [one for one in found if one.count]


def _counted(words: str, n: int) -> str:
    """The words with their number, written as everywhere on the page."""
    return words % {"n": formats.number_format(n, 0, use_l10n=True, force_grouping=True)}


def _exceptions(workspace: Workspace) -> Iterator[Waiting]:
    n = held_up(open_cases(workspace))
    yield Waiting(n, held_up_words(n), reverse("triage:queue"))


def _questions(actor: Actor, workspace: Workspace) -> Iterator[Waiting]:
    """What colleagues asked this person beside a case, each with the way to the answer; the oldest first."""
    if not actor.user_id:
        return
    mine = open_questions(workspace).filter(asked=actor.user_id)
    several = list(mine[: QUESTIONS + 1])
    for one in several[:QUESTIONS]:
        words = _("%(who)s asks you about %(record)s") % {
            "who": one.author,
            "record": one.case.record_label,
        }
        yield Waiting(1, words, f"{reverse('triage:case', args=[one.case.uuid])}#notes")
    if len(several) > QUESTIONS:
        n = mine.count() - QUESTIONS
        words = _counted(ngettext("%(n)s more question", "%(n)s more questions", n), n)
        address = reverse("triage:case", args=[several[QUESTIONS].case.uuid])
        yield Waiting(n, words, f"{address}#notes")


def _asked_of(actor: Actor, workspace: Workspace) -> Iterator[Waiting]:
    """Cases a person was given and, for who does not work the queue, those that ask the own role."""
    here = open_cases(workspace)
    mine = here.filter(assignee=actor.user_id) if actor.user_id else here.none()
    name = mine.values_list("assignee__username", flat=True).first()
    n = held_up(mine)
    words = _counted(
        ngettext("%(n)s record was given to you", "%(n)s records were given to you", n), n
    )
    yield Waiting(n, words, f"{reverse('triage:queue')}?{urlencode({'who': name or ''})}")
    if actor.may(TRIAGE):
        return
    for audience in (one for one in ROLES if ROLE_OF.get(one, one) == actor.role):
        n = held_up(here.filter(assignee=None, audience=audience))
        words = _counted(ngettext("%(n)s record asks for you", "%(n)s records ask for you", n), n)
        said = {"role": audience, "who": NOBODY}
        yield Waiting(n, words, f"{reverse('triage:queue')}?{urlencode(said)}")


def _held(workspace: Workspace) -> Iterator[Waiting]:
    n = Delivery.objects.filter(flow__workspace=workspace, state="held").count()
    words = _counted(
        ngettext("%(n)s posting waits for approval", "%(n)s postings wait for approval", n), n
    )
    yield Waiting(n, words, f"{reverse('flows:runs')}?state=held")


def _rehearsals(actor: Actor, workspace: Workspace) -> Iterator[Waiting]:
    """The latest rehearsal of each version that moves money and is not live: to sign, or signed."""
    rows = (
        Rehearsal.objects.filter(
            flow__workspace=workspace,
            kind="rehearsal",
            state="ready",
            version__state="rehearsal",
        )
        .select_related("flow", "version")
        .defer("totals")
        .order_by("-pk")
    )
    seen: set[int] = set()
    for one in rows:
        # Of a flow only the newest counts: what was rehearsed before was designed differently.
        if (
            one.flow_id in seen
            or is_narrowed(one.scope)
            or risk_of(one.version.content["design"]) != "money"
        ):
            continue
        seen.add(one.flow_id)
        url = reverse("flows:rehearsal", args=[one.uuid])
        if not why_not_signed(actor, one):
            yield Waiting(1, f"A rehearsal of {one.flow} waits for your signature", url)
        elif one.signed_at and actor.may(PUBLISH) and not superseded(one):
            yield Waiting(1, f"{one.flow} is signed and can go live", url)


def _overtaken(workspace: Workspace) -> Iterator[Waiting]:
    """Signed periods into which a flow posted afterwards."""
    for tie, after in overtaken(workspace):
        words = ngettext(
            "%(count)d document over %(money)s was posted into %(period)s of %(flow)s after it was signed",
            "%(count)d documents over %(money)s were posted into %(period)s of %(flow)s after it was signed",
            after.count,
        ) % {
            "count": after.count,
            "money": spoken(after.gross, tie.currency),
            "period": period_of(tie),
            "flow": tie.flow,
        }
        yield Waiting(1, words, reverse("tieout:detail", args=[tie.uuid]))


def _matches(workspace: Workspace) -> Iterator[Waiting]:
    for kind, _label in KINDS:
        n = open_pairs(workspace, Narrowing(kind)).count()
        words = {
            "customer": ngettext("%(n)s customer to match", "%(n)s customers to match", n),
            "supplier": ngettext("%(n)s supplier to match", "%(n)s suppliers to match", n),
            "item": ngettext("%(n)s item to match", "%(n)s items to match", n),
        }[kind]
        url = f"{reverse('linking:matches')}?{urlencode({'kind': kind})}"
        yield Waiting(n, _counted(words, n), url)


def _fields(workspace: Workspace) -> Iterator[Waiting]:
    n = MappingRow.objects.filter(
        mapping__workspace=workspace, state="open", confidence__gte=SHOWN
    ).count()
    words = _counted(ngettext("%(n)s field to review", "%(n)s fields to review", n), n)
    yield Waiting(n, words, reverse("mapping:mappings"))


def _sent_back(actor: Actor, workspace: Workspace) -> Iterator[Waiting]:
    """Fields that a second person sent back, to those who decide them anew."""
    rows = returned(workspace).exclude(sent_back_by=actor.name)
    n, url = _by_mapping(rows, "sent_back")
    words = _counted(
        ngettext(
            "%(n)s field was sent back by a second person",
            "%(n)s fields were sent back by a second person",
            n,
        ),
        n,
    )
    yield Waiting(n, words, url)


def _unconfirmed(actor: Actor, workspace: Workspace) -> Iterator[Waiting]:
    """Fields that decide money, approved by somebody else."""
    n, url = _by_mapping(unconfirmed(workspace).exclude(decided_by=actor.person), "unconfirmed")
    words = _counted(
        ngettext(
            "%(n)s field waits for a second person", "%(n)s fields wait for a second person", n
        ),
        n,
    )
    yield Waiting(n, words, url)


def _by_mapping(rows: QuerySet[MappingRow], state: str) -> tuple[int, str]:
    """How many rows, and the way to them in the mapping that has most; in several, to the list of mappings."""
    counts = dict(
        rows.values("mapping__uuid")
        .annotate(n=Count("id"))
        .order_by("-n", "mapping_id")
        .values_list("mapping__uuid", "n")
    )
    if len(counts) > 1:
        return sum(counts.values()), reverse("mapping:mappings")
    most = next(iter(counts), None)
    url = f"{reverse('mapping:review', args=[most])}?state={state}" if most else ""
    return sum(counts.values()), url


def _values(workspace: Workspace) -> Iterator[Waiting]:
    n = ValueProposal.objects.filter(table__workspace=workspace, state="open").count()
    words = _counted(ngettext("%(n)s code to translate", "%(n)s codes to translate", n), n)
    yield Waiting(n, words, reverse("mapping:values"))


def _values_alone(actor: Actor, workspace: Workspace) -> Iterator[Waiting]:
    """What codes of tax and accounts mean, as somebody else alone said."""
    n = alone(workspace).exclude(row__decided_by=actor.person).count()
    words = ngettext(
        "%(n)s code of tax or accounts waits for a second person",
        "%(n)s codes of tax or accounts wait for a second person",
        n,
    )
    yield Waiting(n, _counted(words, n), f"{reverse('mapping:values')}?state=unconfirmed")


def _second_looks(actor: Actor, workspace: Workspace) -> Iterator[Waiting]:
    url = reverse("learning:looks")
    n = to_settle(actor, workspace).count()
    words = _counted(
        ngettext("%(n)s decision on which two differ", "%(n)s decisions on which two differ", n), n
    )
    yield Waiting(n, words, url)
    n = to_ask(actor, workspace).count()
    words = _counted(
        ngettext("%(n)s decision to look at again", "%(n)s decisions to look at again", n), n
    )
    yield Waiting(n, words, url)
