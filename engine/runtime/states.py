"""Every state of work with the table of allowed changes; ``advance`` is the only gate."""

from __future__ import annotations

from enum import StrEnum

from engine.errors import IllegalTransitionError


class ItemState(StrEnum):
    """States of an inbox item (one version of one source record)."""

    NEW = "new"
    WORKING = "working"
    WAITING = "waiting"
    DONE = "done"
    UNCHANGED = "unchanged"
    FILTERED = "filtered"
    PARKED = "parked"
    VOID = "void"


class DeliveryState(StrEnum):
    """States of a delivery (one write to a system)."""

    HELD = "held"
    READY = "ready"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"
    PARKED = "parked"
    VOID = "void"
    REVERSED = "reversed"


ITEM_TRANSITIONS: dict[ItemState, frozenset[ItemState]] = {
    ItemState.NEW: frozenset({ItemState.WORKING, ItemState.VOID}),
    ItemState.WORKING: frozenset(ItemState) - {ItemState.VOID},
    ItemState.WAITING: frozenset({ItemState.NEW, ItemState.PARKED, ItemState.VOID}),
    ItemState.PARKED: frozenset(
        {ItemState.NEW, ItemState.VOID, ItemState.UNCHANGED, ItemState.WAITING}
    ),
    # Nothing was posted for these, so a person may send them through again.
    ItemState.FILTERED: frozenset({ItemState.NEW}),
    ItemState.UNCHANGED: frozenset({ItemState.NEW, ItemState.WAITING}),
    # A person has the posting taken back: the record waits for that, then it is posted anew.
    ItemState.DONE: frozenset({ItemState.WAITING}),
    ItemState.VOID: frozenset({ItemState.NEW}),
}

DELIVERY_TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    # Only a person's approval lets it go.
    DeliveryState.HELD: frozenset({DeliveryState.READY, DeliveryState.VOID}),
    DeliveryState.READY: frozenset({DeliveryState.SENDING, DeliveryState.VOID}),
    DeliveryState.SENDING: frozenset(
        {
            DeliveryState.READY,
            DeliveryState.UNKNOWN,
            DeliveryState.DONE,
            DeliveryState.PARKED,
            DeliveryState.SENDING,
        }
    ),
    # An unknown outcome is only ever left through SENDING, whose first act is to look it up.
    DeliveryState.UNKNOWN: frozenset({DeliveryState.SENDING, DeliveryState.PARKED}),
    DeliveryState.PARKED: frozenset(
        {DeliveryState.READY, DeliveryState.UNKNOWN, DeliveryState.VOID}
    ),
    # Only by a delivery that took the document back and was done itself.
    DeliveryState.DONE: frozenset({DeliveryState.REVERSED}),
    DeliveryState.REVERSED: frozenset(),
    DeliveryState.VOID: frozenset(),
}


def advance_item(subject: str, present: ItemState, wanted: ItemState) -> ItemState:
    """``wanted`` if the table allows it.

    Raises:
        IllegalTransitionError: the table does not allow the change.
    """
    if wanted not in ITEM_TRANSITIONS[present]:
        raise IllegalTransitionError(subject=subject, from_state=present, to_state=wanted)
    return wanted


def advance_delivery(subject: str, present: DeliveryState, wanted: DeliveryState) -> DeliveryState:
    """``wanted`` if the table allows it.

    Raises:
        IllegalTransitionError: the table does not allow the change.
    """
    if wanted not in DELIVERY_TRANSITIONS[present]:
        raise IllegalTransitionError(subject=subject, from_state=present, to_state=wanted)
    return wanted
