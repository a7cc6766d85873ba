"""What Intuit documents about entities and fields, kept as facts in ``catalogue.txt``.

One line per field: ``path type[length] flags [=enum,…] [>Referenced]``. Types: ``s`` string, ``d``
decimal, ``i`` integer, ``b`` boolean, ``D`` date, ``T`` time, ``e`` enum, ``o`` object, ``a`` array,
``r`` reference (``value`` and ``name`` implied), ``A`` address (its members implied). Flags: ``R``
required on create, ``O`` read-only, ``P`` required when its parent is present, ``C`` required in some
cases, ``F`` filterable, ``f`` known not to be, ``N`` only on create, ``Z`` deprecated, ``u``
unverified. ``@`` starts an entity (kind, operations, label), ``?`` lists names that only the XSD has.
Operations: C R U S(parse) D V(oid) A(deactivate) Q(uery) X (CDC) P(df) M(ail) B(atch) F(ile).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ADDRESS_MEMBERS: tuple[tuple[str, int | None, bool], ...] = (
    ("Id", None, True),
    ("Line1", 500, False),
    ("Line2", 500, False),
    ("Line3", 500, False),
    ("Line4", 500, False),
    ("Line5", 500, False),
    ("City", 255, False),
    ("CountrySubDivisionCode", 255, False),
    ("PostalCode", 30, False),
    ("Country", 255, False),
    ("Lat", None, True),
    ("Long", None, True),
)
"""Member, length, read-only."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What is documented about one field; ``type`` is the letter of the module docstring."""

    path: str
    type: str
    length: int | None = None
    flags: str = ""
    enum: tuple[str, ...] = ()
    references: str = ""

    @property
    def required(self) -> bool:
        """A create without it is refused."""
        return "R" in self.flags

    @property
    def read_only(self) -> bool:
        """Ignored on input."""
        return "O" in self.flags


@dataclass(frozen=True, slots=True)
class EntityFacts:
    """One entity: ``kind`` is ``list``, ``transaction`` or ``setting``."""

    name: str
    kind: str
    operations: str
    label: str
    fields: tuple[Fact, ...]
    also: tuple[str, ...]

    def can(self, letter: str) -> bool:
        """Whether the operation is documented."""
        return letter in self.operations

    def fact(self, path: str) -> Fact | None:
        """The field at ``path`` (implied members included), or None."""
        return _by_path(self.name).get(path)


def expand(fact: Fact) -> Iterator[Fact]:
    """The fact itself and the members its type implies."""
    yield fact
    fixed = "O" if fact.read_only else ""
    if fact.type == "r":
        flags = fixed + ("R" if fact.required else "P")
        yield Fact(f"{fact.path}.value", "s", None, flags, (), fact.references)
        yield Fact(f"{fact.path}.name", "s", None, "O")
    if fact.type == "A":
        for name, length, read_only in ADDRESS_MEMBERS:
            yield Fact(f"{fact.path}.{name}", "s", length, "O" if read_only else fixed)


@cache
def catalogue() -> dict[str, EntityFacts]:
    """All entities by name, in the documentation's order."""
    text = Path(__file__).with_name("catalogue.txt").read_text(encoding="utf-8")
    found: dict[str, EntityFacts] = {}
    for block in text.split("@")[1:]:
        head, *rows = block.strip().splitlines()
        name, kind, operations, label = head.split(" ", 3)
        also = tuple(w for r in rows if r.startswith("? ") for w in r[2:].split(","))
        facts = tuple(_fact(r) for r in rows if not r.startswith("? "))
        found[name] = EntityFacts(name, kind, operations, label, facts, also)
    return found


def _fact(row: str) -> Fact:
    enum: tuple[str, ...] = ()
    if " >" in row:
        row, references = row.split(" >", 1)
    else:
        references = ""
    if " =" in row:
        row, values = row.split(" =", 1)
        enum = tuple(values.split(","))
    path, kind, *flags = row.split(" ")
    length = int(kind[1:]) if kind[1:] else None
    return Fact(path, kind[0], length, "".join(flags), enum, references)


@cache
def _by_path(entity: str) -> dict[str, Fact]:
    return {one.path: one for fact in catalogue()[entity].fields for one in expand(fact)}


@cache
def by_resource() -> dict[str, EntityFacts]:
    """Entities by their lower-case path segment."""
    return {name.lower(): facts for name, facts in catalogue().items()}
