"""compile_mapping(): from a checked mapping to plain Python functions."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.mapping.careful import run_careful
from engine.mapping.check import examine
from engine.mapping.codegen.function import Fast, GiveUp, generate
from engine.mapping.context import Context, Result
from engine.mapping.document import content_hash
from engine.mapping.evaluate import FAULTS
from engine.mapping.lineage import FieldLineage, static_lineage
from engine.mapping.nodes import Mapping
from engine.mapping.passes.draft import Catalog
from engine.mapping.plan import Plan, plan
from engine.mapping.refusals import refused
from engine.mapping.types import Known
from engine.schema.model import Record, SystemSchema

_TROUBLE = (GiveUp, *FAULTS)
_new = tuple.__new__


@dataclass(frozen=True, slots=True)
class CompiledMapping:
    """A mapping ready to run; immutable and safe to share between threads.

    Attributes:
        mapping: the checked mapping.
        content_hash: sha256 of its canonical form.
        plan: its rows with what the target accepts.
        fast: the generated function; gives up on anything that needs care.
    """

    mapping: Mapping
    content_hash: str
    plan: Plan
    fast: Fast = field(repr=False, compare=False)

    def apply(self, record: Record, context: Context, *, trace: bool = False) -> Result:
        """Map one record.

        Args:
            record: as the source schema describes it; lists nested.
            context: lookups, links, units and facts.
            trace: also tell for every target value where it came from.

        Returns:
            The target record with issues, needs and actions; never raises for a bad record.
        """
        if not trace:
            try:
                made, actions = self.fast(record, context)
            except _TROUBLE:
                pass
            else:
                # The quickest way to build a named tuple; this line runs for every record.
                return _new(Result, (made, (), None, (), actions))
        return run_careful(self.plan, record, context, trace=trace)

    def lineage(self) -> tuple[FieldLineage, ...]:
        """Where every target field comes from; the same for every record."""
        return static_lineage(self.plan)


def compile_mapping(
    mapping: Mapping, source: SystemSchema, target: SystemSchema, catalog: Catalog | None = None
) -> CompiledMapping:
    """Check and compile.

    Raises:
        MappingRefused: with every reason, each naming place and fix.
    """
    draft, refusals = examine(mapping, source, target, catalog or Catalog())
    if draft is None or refusals:
        raise refused(refusals)
    ready = plan(draft.mapping, draft.target)
    known = Known(draft.catalog, dict(mapping.constants))
    return CompiledMapping(mapping, content_hash(mapping), ready, generate(ready, known))
