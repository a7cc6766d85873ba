"""An entity as a tree of names, so that paths can be followed however the vendor writes them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from dataclasses import field as fresh

from engine.schema.model import EntitySchema, FieldSchema, FieldType, SystemSchema

# How much of two names must agree before one is taken for a misspelling of the other.
NEAR = 0.75


@dataclass(slots=True)
class Node:
    """One name of an entity: a field, an object or a list, with what is below it.

    Attributes:
        path: full path with ``[]``.
        field: the schema's field; None where the schema only implies it.
        many: it is a list.
        open: names below it are free (custom fields).
        below: name -> node.
    """

    path: str
    field: FieldSchema | None = None
    many: bool = False
    open: bool = False
    below: dict[str, Node] = fresh(default_factory=dict)

    @property
    def branch(self) -> bool:
        """Whether it holds other fields rather than a value."""
        return bool(self.below) or self.open or self.many


def tree(schema: SystemSchema, entity: EntitySchema) -> Node:
    """The entity with the entities whose rows belong to it as lists below it."""
    root = Node("")
    for one in entity.fields:
        _plant(root, one, one.path)
    for child in schema.entities:
        if child.lines_of == entity.name:
            for one in child.fields:
                _plant(root, one, f"{child.name}[].{one.path}")
    return root


def _plant(root: Node, found: FieldSchema, path: str) -> None:
    node = root
    for step in path.split("."):
        name = step.removesuffix("[]")
        below = node.below.get(name)
        if below is None:
            below = Node(f"{node.path}.{name}" if node.path else name)
            node.below[name] = below
        if step.endswith("[]") and not below.many:
            below.many = True
            below.path += "[]"
        node = below
    node.field = found
    if found.type is FieldType.ARRAY and not node.many:
        node.many = True
        node.path += "[]"
    # A custom object has no fixed names below it.
    node.open = found.custom and found.type is FieldType.OBJECT


def nearest(name: str, known: list[str]) -> str:
    """The known name most like ``name``, or empty."""
    folded = {k.lower(): k for k in known}
    # A word in common (``ship_method``, ``payment_methods``) is no misspelling of the name.
    close = difflib.get_close_matches(name.lower(), list(folded), n=1, cutoff=NEAR)
    return folded[close[0]] if close else ""
