"""The evidence about two parties in words."""

from __future__ import annotations

from engine.resolve.compare_party import EVIDENCE
from engine.resolve.explain import Fact
from engine.resolve.keys import Floats

_AT = {name: k for k, (name, _) in enumerate(EVIDENCE)}
GROUPS: dict[str, str] = {name: "name" for name, _ in EVIDENCE if name.startswith(("name_", "lost_"))} | {
    "frequency": "name", "cut": "name", "form": "legal form", "phone": "phone", "email": "mail", "domain": "mail",
    "tax": "tax number", "tax_near": "tax number", "tax_tail": "tax number", "number": "bank or registration number",
    "street": "street", "box": "post box", "post": "post code", "country": "country", "code": "account code",
    "person": "contact person", "place": "town", "area": "address words", "named": "town",
    "name_number": "number in the name", "name_place_left": "town", "name_place_right": "town",
    "blocked": "marker", "placeholder": "marker", "agree": "facts that agree", "clash": "facts that differ",
}  # fmt: skip
_LABEL = (
    ("tax", "tax number", True), ("number", "bank or registration number", True), ("code", "account code", False),
    ("email", "mail", False), ("phone", "phone", False), ("street", "street", False), ("box", "post box", False),
    ("place", "town", False),
)  # fmt: skip


def facts(row: Floats) -> list[Fact]:
    """What the evidence row says, most telling first."""
    out: list[Fact] = []
    value = {name: float(row[k]) for name, k in _AT.items()}
    out += _name(value)
    if value["placeholder"] > 0:
        out.append(Fact("marker", "placeholder account", -1))
    if value["blocked"] > 0:
        out.append(Fact("marker", "marked as not to be used", -1))
    for key, label, identity in _LABEL:
        if value[key] > 0:
            out.append(Fact(label, f"same {label}", 1, identity and value[key] > 0.3))
        elif value[key] < 0 and key not in ("code", "number", "email", "box"):
            out.append(Fact(label, f"{label} differs", -1))
    if value["tax"] <= 0 < value["tax_tail"]:
        out.append(Fact("tax number", "same last digits of the tax number", 1))
    if value["domain"] > 0 >= value["email"]:
        out.append(Fact("mail", "same mail domain", 1))
    if value["named"] <= -2:
        out.append(Fact("town", "the name says another town", -1))
    if value["country"] < 0:
        out.append(Fact("country", "country differs", -1))
    return out


def _name(value: dict[str, float]) -> list[Fact]:
    alike = max(value["name_ratio"], value["name_alike"])
    out = []
    if value["name_same"] > 0 or alike >= 0.995:
        out.append(Fact("name", "same name", 1))
    else:
        out.append(Fact("name", f"name {alike:.2f} alike", 1 if alike >= 0.7 else -1))
    if value["name_number"] <= -2:
        out.append(Fact("number in the name", "numbers in the names differ", -1))
    return out
