"""XML as SYSPRO speaks it: safe to read from strangers, forgiving about letter case and encoding.

No entities, no DTD, no network, a bound on size. Tags are compared in lower case because setup and
transaction objects echo roots and keys in lower case (reference 2.5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Union
from xml.sax.saxutils import escape

from lxml import etree

LONGEST = 64 * 1024 * 1024
"""Bytes of an answer that we are willing to parse."""

DECLARATION = '<?xml version="1.0" encoding="Windows-1252"?>'
_DECLARED = re.compile(r"^\s*<\?xml([^>]*)\?>", re.IGNORECASE)
_UTF8 = re.compile(rb"^\s*<\?xml[^>]*encoding\s*=\s*['\"]utf-?8['\"]", re.IGNORECASE)
_DANGER = re.compile(r"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)

Value = Union[str, int, Decimal, Mapping[str, "Value"], Sequence["Value"]]  # noqa: UP007 - recursive


_NONE: Mapping[str, str] = {}
lower = lru_cache(maxsize=20_000)(str.lower)
"""Tags in lower case; the same few hundred come again and again."""


class XmlError(ValueError):
    """The text is not XML as we accept it; the message never repeats the text."""


Cell = tuple[str, str]
"""Tag and text of an element that has nothing else."""


class Node:
    """One element; answers have tens of thousands, so it is a plain class.

    Nine of ten elements are cells of a table's row. They stay tag and text until somebody asks for ``children``;
    who reads a whole row takes ``cells``.

    Args:
        tag: the tag as it was written; a namespace prefix becomes ``PREFIX:Tag``.
        text: its own text, blanks stripped at both ends.
        children: child elements in order.
        attributes: attributes as written.
    """

    __slots__ = ("_inside", "_made", "attributes", "name", "tag", "text")

    def __init__(
        self,
        tag: str,
        text: str = "",
        children: Sequence[Node | Cell] = (),
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        self.tag = tag
        self.name = lower(tag)
        self.text = text
        self._inside = children
        self._made: tuple[Node, ...] | None = None
        self.attributes: Mapping[str, str] = attributes or _NONE

    @property
    def children(self) -> tuple[Node, ...]:
        """Child elements in order."""
        if self._made is None:
            self._made = tuple(c if isinstance(c, Node) else Node(*c) for c in self._inside)
        return self._made

    def cells(self) -> Iterator[Cell]:
        """Tag and text of each child in order."""
        for one in self._inside:
            yield one if isinstance(one, tuple) else (one.tag, one.text)

    def first(self, path: str) -> Node | None:
        """The first descendant by child tags ``a/b``, any letter case."""
        here = self
        for part in path.lower().split("/"):
            for child in here.children:
                if child.name == part:
                    here = child
                    break
            else:
                return None
        return here

    def all(self, tag: str) -> list[Node]:
        """The children called ``tag``."""
        wanted = tag.lower()
        return [c for c in self.children if c.name == wanted]

    def value(self, path: str, otherwise: str = "") -> str:
        """The text at ``path``, or ``otherwise``."""
        found = self.first(path)
        return found.text if found is not None else otherwise

    def walk(self) -> Iterator[Node]:
        """This element and everything below, in document order."""
        stack = [self]
        while stack:
            here = stack.pop()
            yield here
            stack.extend(reversed(here.children))

    def anywhere(self, tag: str) -> list[Node]:
        """All elements called ``tag`` at any depth."""
        wanted = tag.lower()
        return [n for n in self.walk() if n.name == wanted]


def decode(raw: bytes) -> str:
    """The text of an answer: JSON string or raw, UTF-8 where it says so, otherwise Windows-1252.

    Raises:
        XmlError: longer than ``LONGEST``.
    """
    if len(raw) > LONGEST:
        raise XmlError("the answer is too long")
    stripped = raw.strip()
    if stripped.startswith(b'"'):
        try:
            said = json.loads(stripped.decode("utf-8"))
        except (ValueError, RecursionError):
            said = None
        if isinstance(said, str):
            return said
    if raw.startswith(b"\xef\xbb\xbf") or _UTF8.match(raw[:200]):
        return raw.decode("utf-8-sig", "replace")
    return raw.decode("cp1252", "replace")


def parse(text: str) -> Node:
    """Parse one document.

    Raises:
        XmlError: not well-formed, has a DTD or entities, too long, or nested too deep.
    """
    if len(text) > LONGEST:
        raise XmlError("the document is too long")
    if _DANGER.search(text):
        raise XmlError("a document type or entity is not accepted")
    body = _DECLARED.sub("", text, count=1).strip()
    if not body:
        raise XmlError("empty")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body.encode("utf-8", "surrogatepass"), parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise XmlError(f"not well-formed ({type(fault).__name__})") from None
    return _node(root)


def _node(element: etree._Element) -> Node:
    text = (element.text or "").strip()
    children = list[Node | Cell]()
    for child in element:
        if len(child) or child.keys():
            children.append(_node(child))
        else:
            tag, said = str(child.tag), child.text
            children.append((_tag(child) if tag[0] == "{" else tag, said.strip() if said else ""))
        if child.tail:
            text += child.tail.strip()
    return Node(_tag(element), text, children, dict(element.attrib))


def _tag(element: etree._Element) -> str:
    tag = str(element.tag)
    if tag[0] != "{":
        return tag
    space, _, local = tag[1:].partition("}")
    return f"{element.prefix}:{local}" if element.prefix else local or space


_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def text_of(value: str | int | Decimal) -> str:
    """A scalar as SYSPRO reads it: plain decimal point, no exponent, no control characters."""
    if isinstance(value, Decimal):
        return format(value, "f")
    return _FORBIDDEN.sub("", str(value))


def write(tag: str, content: Value) -> str:
    """One element as text; mappings nest, sequences repeat the tag.

    ``write("Query", {"Key": {"Customer": "10"}})`` → ``<Query><Key><Customer>10</Customer></Key></Query>``.
    """
    if isinstance(content, Mapping):
        inner = "".join(write(name, value) for name, value in content.items())
        return f"<{tag}>{inner}</{tag}>"
    if isinstance(content, str | int | Decimal):
        return f"<{tag}>{escape(text_of(content))}</{tag}>"
    return "".join(write(tag, one) for one in content)


_NUMBER = re.compile(r"[+-]?\s*(\d{1,30}(\.\d{0,30})?|\.\d{1,30})", re.ASCII)


# Most amounts of a table are the same few: nothing, one, a price.
@lru_cache(maxsize=10_000)
def number(text: str) -> Decimal | None:
    """A blank-padded number with a leading or trailing sign; None where it is blank.

    Raises:
        XmlError: not a number, or one larger than any amount.
    """
    bare = text.strip()
    if not bare:
        return None
    if bare.endswith("-"):
        bare = "-" + bare[:-1].strip()
    if not _NUMBER.fullmatch(bare):
        raise XmlError("not a number")
    return Decimal(bare.replace(" ", ""))
