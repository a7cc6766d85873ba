"""What can be done about a case. Each app registers remedies for the cases its records cause.

``triage`` knows none of those apps: it shows buttons, collects the inputs and calls ``run``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from studio.core.action import Actor
from studio.triage.models import Case


@dataclass(frozen=True, slots=True)
class Choice:
    """One value a person can pick, with the words beside it."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """What helps with an input that nothing is known for yet, and the page that shows where it is kept."""

    text: str
    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Input:
    """One thing the person supplies.

    Attributes:
        name: key in the values handed to ``run``.
        label: words beside the control.
        kind: ``text``, ``date``, ``amount``, ``choice``, ``reason``, or ``confirm``: a box to tick, shown
            only once the remedy has refused for want of it.
        choices: for ``choice``: called with the case and the search text.
        initial: called with the case; the value the control starts with.
        required: whether it may stay empty.
        searched: whether the choices are too many to read; a short list needs no search box.
        named: called with the case; the words beside the control where they depend on the case.
        row: inputs with the same name of a row, one after the other, stand side by side.
        hint: called with the case; what helps where the control would start empty.
    """

    name: str
    label: str
    kind: str = "text"
    choices: Callable[[Case, str], list[Choice]] | None = None
    initial: Callable[[Case], str] | None = None
    required: bool = True
    searched: bool = True
    named: Callable[[Case], str] | None = None
    row: str = ""
    hint: Callable[[Case], Hint | None] | None = None

    def words(self, case: Case) -> str:
        """The words beside the control for this case."""
        return self.named(case) if self.named else self.label


@dataclass(frozen=True, slots=True)
class Remedy:
    """One button of a case.

    Attributes:
        key: stable name, part of URLs and audit lines.
        label: what the button says; a verb that tells what will happen.
        permission: who may press it.
        fits: whether it applies to this case.
        run: does it; returns the sentence shown afterwards.
        inputs: what must be supplied.
        heals_cause: the fix settles every open case with the same cause.
        primary: the button a person most likely wants.
        about: called with the case; a sentence that tells what will happen, before it is pressed.
        unfit: called with a case that it does not fit; why not, and what to press instead.
        absent: called with a case that it does not fit; why a button one would look for is not there,
            and who can bring it. Empty: nobody would look for it.
        theirs: whom the case is for may press it, too, whatever their role carries.
    """

    key: str
    label: str
    permission: str
    fits: Callable[[Case], bool]
    run: Callable[[Actor, Case, Mapping[str, str]], str]
    inputs: tuple[Input, ...] = field(default=())
    heals_cause: bool = False
    primary: bool = False
    about: Callable[[Case], str] | None = None
    unfit: Callable[[Case], str] | None = None
    absent: Callable[[Case], str] | None = None
    theirs: bool = False

    def allows(self, actor: Actor, case: Case) -> bool:
        """Whether this person may press it on this case."""
        return actor.may(self.permission) or (self.theirs and case.is_for(actor))


_REMEDIES: dict[str, Remedy] = {}


def register(remedy: Remedy) -> None:
    """Add a remedy; called from ``AppConfig.ready``."""
    _REMEDIES[remedy.key] = remedy


def remedy(key: str) -> Remedy | None:
    """The remedy called ``key``."""
    return _REMEDIES.get(key)


def remedies_for(case: Case) -> list[Remedy]:
    """The buttons of a case, the likeliest first."""
    found = [r for r in _REMEDIES.values() if r.fits(case)]
    return sorted(found, key=lambda r: (not r.primary, r.key == "void", r.label))


def absent_from(case: Case) -> list[tuple[str, str]]:
    """(label, why) of the buttons one would look for on a case and that are not there."""
    found = [(r, r.absent(case)) for r in _REMEDIES.values() if r.absent and not r.fits(case)]
    return [(r.label, why) for r, why in found if why]
