"""Rules over canonical documents: block, warn, inform; totals as the target will compute them."""

from __future__ import annotations

from engine.rules.evaluate import Override, RuleSet, Verdict, evaluate, override
from engine.rules.expression import CompiledRule, ExpressionRule, check_rule, compile_rule
from engine.rules.facts import Neighbours, NoNeighbours, Reference, TargetFacts, Twin
from engine.rules.issue import Fix, Issue
from engine.rules.rule import RULES, Rule
from engine.rules.settlement import OpenItem, Settlement, Share, closing_line, settle
from engine.rules.solver import Device, Policy, Solution, Wanted, solve
from engine.rules.suggest import RuleProposal, suggest

__all__ = [
    "RULES",
    "CompiledRule",
    "Device",
    "ExpressionRule",
    "Fix",
    "Issue",
    "Neighbours",
    "NoNeighbours",
    "OpenItem",
    "Override",
    "Policy",
    "Reference",
    "Rule",
    "RuleProposal",
    "RuleSet",
    "Settlement",
    "Share",
    "Solution",
    "TargetFacts",
    "Twin",
    "Verdict",
    "Wanted",
    "check_rule",
    "closing_line",
    "compile_rule",
    "evaluate",
    "override",
    "settle",
    "solve",
    "suggest",
]
