"""Going live in tests: rehearsed by one person, signed by another, published."""

from __future__ import annotations

from dataclasses import replace

from studio.accounts.roles import permissions_of
from studio.core.action import Actor
from studio.flows.actions import publish_flow
from studio.flows.models import Flow, FlowVersion, Rehearsal
from studio.flows.rehearsal.run import ask, claim, run
from studio.flows.rehearsal.sign import sign


def signed(actor: Actor, flow: Flow) -> Rehearsal:
    """The draft of a flow rehearsed by ``actor`` and signed by an accountant of the same workspace."""
    asked = claim(ask(actor, flow).pk)
    assert asked is not None
    done = run(asked)
    assert done.state == "ready", done.error
    other = replace(
        actor, name="Ana Keller", role="accountant", permissions=permissions_of("accountant")
    )
    sign(other, done, content_hash=done.content_hash, aware=True)
    return done


def go_live(actor: Actor, flow: Flow) -> FlowVersion:
    """Publish a flow as it must be where it moves money: seen and signed by somebody else."""
    signed(actor, flow)
    return publish_flow(actor, flow)
