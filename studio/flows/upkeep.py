"""Keeping customers, suppliers and items equal on both sides: what one changed record leads to.

Everything here runs inside the transaction that ends the inbox item. The golden record knows what
either side said last and what they agreed on; a field that only one side changed goes to the other, a
field that both changed goes to its owner or to a person. Our own write coming back changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from connectors.http.jsontext import load
from engine.errors import Audience, CaseClass
from engine.issue import Issue
from engine.runtime.merge import Merged, Owner, Side, Why, merge
from engine.schema.model import Record
from studio.accounts.models import machine
from studio.accounts.roles import MATCH
from studio.core.dispatch import nudge
from studio.flows.bundle import Bundle, Sides
from studio.flows.changing import Unsayable, Wish, change_state, hand_over, our_last_write
from studio.flows.golden import (
    connection_of,
    end_question,
    held,
    link_of,
    reference_of,
    restricted,
    see,
    settle,
    sharers,
    version_of,
)
from studio.flows.keeping import owners_in
from studio.flows.models import Flow, Golden, InboxItem
from studio.flows.parties import ask_for_party
from studio.flows.work import ACCEPTED, KEEP, Outcome, ask_owner, finish, look_again, park
from studio.linking.actions import Held, load_parties, near_twins
from studio.linking.models import Pair, Party
from studio.linking.queries import compared_since

BOTH_CHANGED = "both-changed"
CLOSED = "closed-by-a-person"
SHARED = "shared-record"
# Override under which a person says what becomes of a record that one side closed.
STATE = KEEP + "state"
# A new record is looked at again after this pause, when it was compared with the other side.
AGAIN_SECONDS = 15


def keep(item: InboxItem, bundle: Bundle, sides: Sides, found: Outcome) -> None:
    """Bring the other side in line with a record that changed, or ask; call inside a transaction."""
    plan = bundle.version.content["keeps"]
    side, kind = Side(plan["side"]), str(plan["kind"])
    code = found.business_key
    if side is Side.RIGHT:
        data = load(item.payload)["data"]
        code = reference_of(item.flow.source, item.entity, item.key, data)
    link = link_of(item.flow, kind, side, code)
    if link is None:
        _unlinked(item, bundle, sides, found)
        return
    others = sharers(link)
    if others:
        _shared(item, link.left_code, [o.left_code for o in others], link.right_label)
        return
    owners = owners_in(bundle.version)
    golden = held(link, owners)
    golden.label = golden.label or item.label
    state = _state(found)
    if "active" not in found.document and getattr(golden, f"{side}_state") == "inactive":
        # A system that does not tell whether a record is in use keeps the state it was given.
        state = "inactive" if state == "live" else state
    if state != "deleted":
        see(golden, side, restricted(found.document, owners), item.changed_at or item.created_at)
    _bring_together(item, bundle, golden, side, state)
    golden.save()


def _state(found: Outcome) -> str:
    """Whether the side still has the record in use."""
    if found.state == "deleted":
        return "deleted"
    return (
        "inactive" if found.state == "filtered" or found.document.get("active") is False else "live"
    )


def _bring_together(
    item: InboxItem, bundle: Bundle, golden: Golden, side: Side, state: str
) -> None:
    before = getattr(golden, f"{side}_state")
    setattr(golden, f"{side}_state", state)
    other_state = getattr(golden, f"{side.other}_state")
    if state != before:
        golden.accepted = ""
    if state != "live":
        _closed(item, bundle, golden, side, state)
    elif other_state != "live":
        if before != "live" and our_last_write(golden, side.other, "deactivate"):
            _state_step(item, golden, side.other, "reactivate", "is in use again; {0} follows")
        else:
            _stays_closed(item, golden, side.other, other_state)
    else:
        try:
            _merge(item, bundle, golden, side)
        except Unsayable as fault:
            park(item, fault.issues)


def _closed(item: InboxItem, bundle: Bundle, golden: Golden, side: Side, state: str) -> None:
    """The record was closed on its own side: the other follows by policy, or a person says."""
    other = connection_of(golden, side.other)
    if getattr(golden, f"{side.other}_state") != "live":
        finish(item, "unchanged", f"is closed in {other} too")
        return
    answer = item.overrides.get(STATE, "")
    if _let_be(item, golden):
        finish(item, "unchanged", f"stays open in {other}: {golden.accepted}")
        return
    if answer == "reopen" and state == "inactive":
        _state_step(item, golden, side, "reactivate", "is made active again in {0}")
        return
    if bundle.design.get("on_delete", "ask") == "deactivate" or answer == "follow":
        _state_step(item, golden, side.other, "deactivate", f"{_how(state)}; {{0}} follows")
        return
    _ask_state(item, golden, side, state)


def _stays_closed(item: InboxItem, golden: Golden, closed: Side, state: str) -> None:
    """The other side was closed by a person: that is an instruction, nothing is written there."""
    where = connection_of(golden, closed)
    answer = item.overrides.get(STATE, "")
    if answer == "reopen" and state == "inactive":
        _state_step(item, golden, closed, "reactivate", "is made active again in {0}")
    elif answer == "follow":
        _state_step(item, golden, closed.other, "deactivate", f"{{0}} follows {where}")
    elif _let_be(item, golden):
        finish(item, "unchanged", f"is closed in {where} and left so: {golden.accepted}")
    else:
        _ask_state(item, golden, closed, state)


def _let_be(item: InboxItem, golden: Golden) -> bool:
    """Whether a person accepted that one side is closed and the other is not."""
    reason = _accepted(item, CLOSED)
    if reason is not None and not golden.accepted:
        golden.accepted = reason[:300]
        # The other flow may have asked meanwhile; its record is decided anew with this answer.
        end_question(golden, but=item, state="new")
    return bool(golden.accepted)


def _state_step(item: InboxItem, golden: Golden, side: Side, step: str, why: str) -> None:
    where = connection_of(golden, side)
    match change_state(item, golden, side, step):
        case "busy":
            look_again(item)
        case "nobody":
            ask_owner(
                item,
                CLOSED,
                f"{golden.label}: no published flow may {step} it in {where}. Publish the flow that "
                "goes there, or accept that it stays as it is.",
                {"golden": str(golden.uuid), "state": "", "closed": ""},
            )
        case _:
            finish(item, "done", why.format(where))


def _accepted(item: InboxItem, code: str) -> str | None:
    """The reason with which a person let a case of this record be."""
    reason = item.overrides.get(ACCEPTED + code)
    return None if reason is None else str(reason)


def _how(state: str) -> str:
    return "was deleted" if state == "deleted" else "was made inactive"


def _ask_state(item: InboxItem, golden: Golden, closed: Side, state: str) -> None:
    where, other = connection_of(golden, closed), connection_of(golden, closed.other)
    end_question(golden, but=item)
    golden.asked = item.uuid
    evidence: Record = {"golden": str(golden.uuid), "state": state, "closed": str(closed)}
    if state == "deleted" and closed is Side.RIGHT:
        # The link leads nowhere now; the buttons that link or create need to know for whom.
        evidence |= {"kind": "link", "table": golden.kind, "code": golden.left_key}
    ask_owner(
        item,
        CLOSED,
        f"{golden.label} {_how(state)} in {where} by a person and is still in use in {other}. "
        "Nothing is written or made anew until you say what is meant.",
        evidence,
    )


def _shared(item: InboxItem, code: str, others: list[str], label: str) -> None:
    """Two records cannot be kept equal with one: they would overwrite each other for ever."""
    reason = _accepted(item, SHARED)
    if reason is not None:
        finish(item, "unchanged", f"not kept equal: {reason}")
        return
    ask_owner(
        item,
        SHARED,
        f"{code} and {', '.join(others)} are linked to the same record, {label}. Only one can be kept "
        "equal with it: undo the wrong link, or accept that none is.",
        {"label": label, "cause": code},
    )


def _merge(item: InboxItem, bundle: Bundle, golden: Golden, side: Side) -> None:
    if not getattr(golden, str(side.other)):
        # The other side was never seen: it is read before anything is decided.
        handed = hand_over(item, golden, Wish(side.other, {}))
        if handed == "busy":
            look_again(item)
        else:
            finish(item, "done", f"{connection_of(golden, side.other)} is read first")
        return
    said = _said(item, bundle, golden)
    echo = our_last_write(golden, side, "update", item.source_version)
    sent: list[Merged] = []
    stuck: list[Merged] = []
    for target in Side:
        writes = [m for m in said if m.write is target]
        if not writes:
            continue
        handed = hand_over(item, golden, Wish(target, {m.path: m.value for m in writes}))
        if handed == "busy":
            # What was handed over for the other side is taken back and decided anew as well.
            look_again(item)
            return
        (stuck if handed == "nobody" else sent).extend(writes if handed != "equal" else [])
        if handed == "equal":
            said = [replace(m, write=None) if m in writes else m for m in said]
    settle(golden, said, owners_in(bundle.version))
    end_question(golden, but=item)
    conflicts = [m for m in said if m.why is Why.CONFLICT] + stuck
    if conflicts:
        golden.asked = item.uuid
        park(item, [_conflict(golden, m, owners_in(bundle.version)) for m in conflicts])
    elif sent:
        finish(item, "done", f"{_listed(sent)} goes to the other side")
    elif echo:
        finish(item, "unchanged", "our own write coming back")
    else:
        finish(item, "unchanged", "nothing that is kept equal changed")


def _said(item: InboxItem, bundle: Bundle, golden: Golden) -> list[Merged]:
    """The merge of both sides with what a person answered about this record."""
    chosen = {
        path.removeprefix(KEEP): Side(said)
        for path, said in item.overrides.items()
        if path.startswith(KEEP) and said in ("left", "right")
    }
    return merge(
        version_of(golden, Side.LEFT),
        version_of(golden, Side.RIGHT),
        owners_in(bundle.version),
        chosen,
        align=bool(bundle.version.content["keeps"].get("align")),
    )


def _listed(fields: Iterable[Merged]) -> str:
    paths = [m.path.replace("_", " ") for m in fields]
    return ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")


def _conflict(golden: Golden, said: Merged, owners: Mapping[str, Owner]) -> Issue:
    left, right = golden.left.get(said.path), golden.right.get(said.path)
    where = [str(golden.left_connection), str(golden.right_connection)]
    base = (golden.left_base or {}).get(said.path)
    what = said.path.replace("_", " ").replace(".", " ")
    if said.why is Why.CONFLICT:
        sentence = f"{golden.label}: {what} was changed on both sides since it was last the same"
    else:
        sentence = (
            f"{golden.label}: {what} changed, and no published flow writes it to the other side"
        )
    owner = _owner_words(owners.get(said.path), where)
    return Issue(
        code=BOTH_CHANGED,
        path=said.path,
        sentence=f"{sentence}. {where[0]} says “{left or ''}”, {where[1]} says “{right or ''}”; {owner}.",
        case_class=CaseClass.CONFLICT,
        audience=Audience.OWNER,
        evidence={
            "golden": str(golden.uuid),
            "left": str(left or ""),
            "right": str(right or ""),
            "base": str(base or ""),
            "left_name": where[0],
            "right_name": where[1],
        },
    )


def _owner_words(owner: Owner | None, where: Sequence[str]) -> str:
    """Whose word stands for a field, as the flow says it."""
    match owner:
        case Owner.LEFT:
            return f"{where[0]} owns the field"
        case Owner.RIGHT:
            return f"{where[1]} owns the field"
        case Owner.NEWEST:
            return "the newer one owns the field"
        case _:
            return "neither owns the field, so a person decides"


def _unlinked(item: InboxItem, bundle: Bundle, sides: Sides, found: Outcome) -> None:
    """The record has no counterpart: leave it, ask, or create it; never beside a near-twin."""
    flow, kind = item.flow, str(bundle.version.content["keeps"]["kind"])
    policy = str(bundle.design["keeps"].get("unlinked", "ask"))
    if _state(found) != "live" or policy == "leave":
        finish(item, "filtered", f"is linked to nothing in {flow.target}")
        return
    code = found.business_key
    actor = machine(flow.workspace, "machine", MATCH)
    load_parties(actor, flow.source, kind, [Held(item.key, found.document, item.source_version)])
    party = Party.objects.get(connection=flow.source, kind=kind, key=item.key)
    wanted = (kind, code) in sides.creations
    if policy != "create" and not wanted:
        park(item, [_missing(flow, kind, code, found)])
        return
    if not wanted:
        if not compared_since(flow.source, flow.target, kind, party.updated_at):
            nudge("flows.match_masters", flow.workspace_id)
            item.not_before = timezone.now() + timedelta(seconds=AGAIN_SECONDS)
            finish(item, "new", f"is compared with {flow.target} first")
            return
        twins = near_twins(party, flow.target)
        if twins:
            park(item, [_twins(flow, kind, code, found, twins)])
            return
    asked = ask_for_party(item, bundle, kind, code)
    if isinstance(asked, Issue):
        park(item, [asked])
        return
    finish(item, "waiting", f"is created in {flow.target}")
    InboxItem.objects.filter(pk=item.pk).update(waiting_on=asked)


def _missing(flow: Flow, kind: str, code: str, found: Outcome) -> Issue:
    name = found.document.get("name") or code
    return Issue(
        code="missing_link",
        path="",
        sentence=f"{kind.capitalize()} {code}, {name}, is linked to nothing in {flow.target} yet.",
        case_class=CaseClass.MISSING_REFERENCE,
        evidence={"kind": "link", "table": kind, "code": code},
    )


def _twins(flow: Flow, kind: str, code: str, found: Outcome, twins: list[Pair]) -> Issue:
    said = "; ".join(f"{t.right.label} ({t.word}, {t.probability:.0%})" for t in twins[:3])
    return Issue(
        code="near-twin",
        path="",
        sentence=(
            f"{kind.capitalize()} {code}, {found.document.get('name') or code}, is not created in "
            f"{flow.target}: something alike is there already: {said}."
        ),
        case_class=CaseClass.DUPLICATE,
        evidence={"kind": "link", "table": kind, "code": code},
    )
