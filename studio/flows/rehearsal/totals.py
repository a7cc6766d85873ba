"""What a plan amounts to: counts and money by outcome, account, tax code, party and period."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from engine.schema.paths import get
from studio.catalog.models import Code, Connection
from studio.flows.files import is_asked
from studio.flows.models import Planned
from studio.flows.places import first
from studio.flows.rehearsal.reasons import Place
from studio.flows.rehearsal.target import TargetNow, decimal

WRITES = ("create", "update", "void", "would_duplicate")
# Groups of each kind that are kept, largest first; the rest is one line of its own.
MOST_GROUPS = 200
Money = dict[tuple[str, str], Decimal]


class Totals:
    """Adds up a plan while it is made; payloads need not be kept."""

    def __init__(self, target: Connection, design: dict[str, Any], now: TargetNow) -> None:
        self._entities: dict[str, dict[str, Any]] = design.get("entities", {})
        self._now = now
        self._codes = {
            (c.kind, c.key): c.label or c.code for c in Code.objects.filter(connection=target)
        }
        self._attaches = is_asked(design)
        self._attached = 0
        self._needed = 0
        self._outcomes: dict[str, int] = defaultdict(int)
        self._money: Money = defaultdict(Decimal)
        self._groups: dict[str, Money] = {
            name: defaultdict(Decimal) for name in ("account", "tax_code", "party", "period")
        }
        self._reasons = Counter[str]()
        self._held_up: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._left_out = Counter[str]()
        self._left_money: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._earlier = 0
        self._earlier_money: dict[str, Decimal] = defaultdict(Decimal)
        self._where: dict[str, Place] = {}
        self._places: dict[Place, tuple[int, dict[str, Decimal]]] = {}
        self._counts: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))

    def add(self, rows: Iterable[Planned], where: Mapping[str, Place] | None = None) -> None:
        """Count rows of a plan and add up the money of what would be written.

        Args:
            rows: of the plan.
            where: sentences of what is missing, and where each is settled.
        """
        self._where |= where or {}
        for row in rows:
            self._outcomes[row.outcome] += 1
            self._attached += self._attaches and row.outcome == "create" and row.step == "post"
            self._needed += row.step.startswith("create_")
            self._money[(row.outcome, row.currency)] += row.gross
            if row.outcome in WRITES and row.gross:
                self._put("party", row.party, row.currency, row.gross)
                month = row.document_on.strftime("%Y-%m") if row.document_on else ""
                self._put("period", month, row.currency, row.gross)
            elif row.outcome == "filtered":
                self._left_out[row.code] += 1
                self._left_money[row.code][row.currency] += row.gross
            elif row.outcome == "refused":
                for reason in dict.fromkeys(row.reasons):
                    self._reasons[reason] += 1
                    self._held_up[reason][row.currency] += row.gross
                for place in {self._where[r] for r in row.reasons if r in self._where}:
                    count, money = self._places.get(place, (0, defaultdict(Decimal)))
                    money[row.currency] += row.gross
                    self._places[place] = (count + 1, money)

    def leave(self, rows: Iterable[Planned]) -> None:
        """Count what would be written and was not looked at, because its document is of an earlier day."""
        for row in rows:
            if row.outcome in WRITES and not row.step.startswith("create_"):
                self._earlier += 1
                self._earlier_money[row.currency] += row.gross

    def add_payload(self, row: Planned, payload: dict[str, Any]) -> None:
        """Add the lines of one write by account and tax code, as the design says where they stand."""
        plan = self._entities.get(row.entity, {}).get("lines")
        if not plan or row.outcome not in WRITES:
            return
        for line in get(payload, f"{plan['path']}[]"):
            if not isinstance(line, dict):
                continue
            amount = decimal(first(line, plan["amount"])) * self._times(plan, line)
            account = self._account(plan, line)
            if amount:
                said = self._codes.get(("account", account), account)
                self._put("account", said, row.currency, amount)
                code = str(first(line, plan["tax_code"]) or "") if plan.get("tax_code") else ""
                said = self._codes.get(("tax_code", code), code)
                self._put("tax_code", said, row.currency, amount)

    @staticmethod
    def _times(plan: dict[str, Any], line: dict[str, Any]) -> Decimal:
        """Some systems take a price per unit and no amount of the line."""
        said = first(line, plan["times"]) if plan.get("times") else None
        return decimal(said) if said is not None else Decimal(1)

    def _account(self, plan: dict[str, Any], line: dict[str, Any]) -> str:
        said = first(line, plan["account"]) if plan.get("account") else None
        if said:
            return str(said)
        of = plan.get("account_of")
        if not of:
            return ""
        key = str(first(line, of["path"]) or "")
        return self._now.accounts.get(of["entity"], {}).get(key, "")

    def _put(self, group: str, name: str, currency: str, amount: Decimal) -> None:
        self._groups[group][(name, currency)] += amount
        self._counts[group][(name, currency)] += 1

    def plain(self) -> dict[str, Any]:
        """For a JSON column: outcomes with money, and each kind of group, largest first."""
        reasons = self._reasons.most_common(MOST_GROUPS)
        return {
            "outcomes": {
                name: {
                    "count": count,
                    "money": {
                        currency: str(amount)
                        for (outcome, currency), amount in sorted(self._money.items())
                        if outcome == name and currency and amount
                    },
                }
                for name, count in self._outcomes.items()
            },
            "attached": self._attached,
            "needed": self._needed,
            "groups": {name: self._largest(name) for name in self._groups},
            "reasons": [
                [reason, count, {c: str(m) for c, m in self._held_up[reason].items() if m}]
                for reason, count in reasons
            ],
            "left_out": [
                [code, count, {c: str(m) for c, m in self._left_money[code].items() if m}]
                for code, count in self._left_out.most_common()
            ],
            "earlier": {
                "count": self._earlier,
                "money": {c: f"{m:,}" for c, m in sorted(self._earlier_money.items()) if m},
            },
            "where": [[r, *self._where[r]] for r, _ in reasons if r in self._where],
            "places": [
                [*place, count, {c: str(m) for c, m in money.items() if m}]
                for place, (count, money) in self._places.items()
            ],
        }

    def less(self, other: Totals) -> dict[str, list[list[Any]]]:
        """What is more here than there, by group; groups of equal money left out."""
        found: dict[str, list[list[Any]]] = {}
        for name, mine in self._groups.items():
            theirs = other._groups[name]
            change = {k: mine.get(k, Decimal(0)) - theirs.get(k, Decimal(0)) for k in mine | theirs}
            rows = sorted(
                ((k, a) for k, a in change.items() if a), key=lambda r: (-abs(r[1]), r[0])
            )
            found[name] = [
                [label, currency, str(amount), self._counts[name].get((label, currency), 0)]
                for (label, currency), amount in rows[:MOST_GROUPS]
            ]
        return found

    def _largest(self, name: str) -> list[list[Any]]:
        rows = sorted(self._groups[name].items(), key=lambda r: (-abs(r[1]), r[0]))
        found = [
            [label, currency, str(amount), self._counts[name][(label, currency)]]
            for (label, currency), amount in rows[:MOST_GROUPS]
        ]
        rest: Money = defaultdict(Decimal)
        for (_, currency), amount in rows[MOST_GROUPS:]:
            rest[("", currency)] += amount
        return found + [["…", c, str(a), len(rows) - MOST_GROUPS] for (_, c), a in rest.items()]
