"""Raising alerts: what is wrong now is compared with what was said; the row decides, mail comes after.

An alert is raised once as long as its cause lasts, told to programs that listen, mailed to whom its rule
names and shown on the first page. It ends by itself when the cause is gone.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from studio.accounts.letters import Letter, send_waiting
from studio.accounts.models import Workspace
from studio.accounts.roles import ADMINISTER, OPERATE, OURS, TRIAGE
from studio.core.action import Actor, acting
from studio.monitor.models import Alert, AlertRule
from studio.monitor.signs import KINDS, Sign
from studio.webhooks.outbox import tell

AT_ONCE = 50


def ensure_rules(workspace: Workspace) -> list[AlertRule]:
    """The rules of a workspace, one per kind; those that are missing are made as they are at first."""
    held = {rule.kind for rule in AlertRule.objects.filter(workspace=workspace)}
    fresh = [
        AlertRule(workspace=workspace, kind=k, threshold=one.usual, audience=one.audience)
        for k, one in KINDS.items()
        if k not in held
    ]
    AlertRule.objects.bulk_create(fresh, ignore_conflicts=True)
    return list(AlertRule.objects.filter(workspace=workspace))


def keep_rule(actor: Actor, rule: AlertRule) -> None:
    """Store a rule that was changed.

    Raises:
        ValidationError: nobody is behind what stands as audience.
    """
    with acting(
        actor, ADMINISTER, "alert.rule_changed", f"workspace:{rule.workspace.uuid}"
    ) as line:
        rule.audience = checked_audience(rule.audience)
        before = AlertRule.objects.get(pk=rule.pk)
        rule.save()
        names = ("on", "threshold", "audience")
        changed = {
            n: [getattr(before, n), getattr(rule, n)]
            for n in names
            if getattr(before, n) != getattr(rule, n)
        }
        line.data = {"alert": str(rule), "changed": changed}


def checked_audience(text: str) -> str:
    """A role, or mail addresses; empty is nobody."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if len(parts) == 1 and parts[0] in OURS:
        return parts[0]
    for part in parts:
        try:
            validate_email(part)
        except ValidationError as error:
            words = f"“{part}” is neither a mail address nor a role ({', '.join(OURS)})."
            raise ValidationError(words) from error
    return ", ".join(parts)


def watch() -> int:
    """Compare what is wrong with what was said, in every workspace; returns how many alerts are new."""
    raised = 0
    for workspace in Workspace.objects.all():
        for rule in ensure_rules(workspace):
            signs = list(KINDS[rule.kind].find(workspace, rule.threshold)) if rule.on else []
            raised += _compare(rule, signs)
    send_alerts()
    return raised


def _compare(rule: AlertRule, signs: list[Sign]) -> int:
    open_ = Alert.objects.filter(workspace=rule.workspace, kind=rule.kind, over_at=None)
    said = {alert.key: alert for alert in open_}
    gone = [alert.pk for key, alert in said.items() if key not in {s.key for s in signs}]
    open_.filter(pk__in=gone).update(over_at=timezone.now())
    for sign in signs:
        known = said.get(sign.key)
        if known is not None and known.sentence != sign.sentence:
            open_.filter(pk=known.pk).update(sentence=sign.sentence, link=sign.link)
    return sum(_raise(rule, sign) for sign in signs if sign.key not in said)


def _raise(rule: AlertRule, sign: Sign) -> bool:
    with transaction.atomic():
        alert, fresh = Alert.objects.get_or_create(
            workspace=rule.workspace,
            key=sign.key,
            over_at=None,
            defaults={
                "kind": rule.kind,
                "sentence": sign.sentence,
                "link": sign.link,
                "audience": rule.audience,
            },
        )
        if fresh:
            data = {"alert": rule.kind, "about": sign.key}
            tell(rule.workspace_id, "alert.raised", f"alert:{alert.uuid}", data, page=sign.link)
    return fresh


def acknowledge(actor: Actor, alert: Alert) -> None:
    """Somebody sees to it: it is shown no more, also while its cause lasts."""
    permission = OPERATE if actor.may(OPERATE) else TRIAGE
    with acting(actor, permission, "alert.acknowledged", f"alert:{alert.uuid}") as line:
        Alert.objects.filter(pk=alert.pk, acknowledged_at=None).update(
            acknowledged_at=timezone.now(), acknowledged_by=actor.name
        )
        line.data = {"sentence": alert.sentence[:200]}


def send_alerts() -> int:
    """Mail what waits, one mail per workspace and audience; returns how many alerts were told."""
    rows = Alert.objects.select_related("workspace")
    return send_waiting(rows, AT_ONCE, lambda a: (a.workspace_id, a.audience), _letter)


def _letter(group: list[Alert]) -> Letter:
    first = group[0]
    what = first.sentence if len(group) == 1 else f"{len(group)} things need somebody"
    body = "\n\n".join(f"{a.sentence}\n  {settings.SITE_URL}{a.link}" for a in group)
    return Letter(first.workspace_id, first.audience, f"{first.workspace}: {what}", body)
