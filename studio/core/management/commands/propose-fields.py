"""Propose field mappings between two schema files, without a database."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from connectors.ai.embed import SentenceTransformerEmbedder
from connectors.ai.vector_cache import SqliteVectorCache
from engine.propose import FieldProposal
from engine.propose.through import propose_through
from engine.schema.load import SchemaFileError, load_schema
from engine.schema.model import SystemSchema
from studio.core.proposal_files import (
    FOUND,
    options_for_files,
    pair_name,
    proposal_line,
    propose_between,
)


@dataclass(frozen=True, slots=True)
class Job:
    """One row of a pairs file, or what the command line says."""

    pair: str
    source: Path
    source_entities: tuple[str, ...]
    target: Path
    target_entities: tuple[str, ...]
    read_only: bool = False


class Command(BaseCommand):
    """``propose-fields --source A.json --target B.json --from X,Y --to Z --out proposals.jsonl``."""

    help = (
        "Propose which source field feeds which target field. Schema files are JSON "
        "(entities with fields) or CSV exports; --pairs runs many at once."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--source", type=Path, help="schema file or CSV export to take from")
        parser.add_argument("--target", type=Path, help="schema file or CSV export to fill")
        parser.add_argument(
            "--from",
            dest="entities",
            default="",
            help="source entities, main one first (default: all)",
        )
        parser.add_argument("--to", default="", help="target entities (default: all)")
        parser.add_argument("--pairs", type=Path, help="JSON list of pairs to run")
        parser.add_argument(
            "--root", type=Path, default=Path(), help="folder the pairs' schema paths start at"
        )
        parser.add_argument("--out", required=True, type=Path, help="JSON lines file to write")
        parser.add_argument("--via", choices=["direct", "canonical"], default="direct")
        parser.add_argument(
            "--explain", action="store_true", help="add sentence, method and expression"
        )
        parser.add_argument("--cache", type=Path, help="file of remembered vectors")

    def handle(self, *_args: Any, **options: Any) -> None:
        started = time.monotonic()
        jobs = list(_jobs(options))
        cache = options["cache"] or Path(settings.BASE_DIR) / "var" / "vectors.sqlite"
        embedder = SentenceTransformerEmbedder(SqliteVectorCache(cache))
        schemas: dict[Path, SystemSchema] = {}
        lines = found = 0
        with options["out"].open("w", encoding="utf-8") as out:
            for done, job in enumerate(jobs):
                for file in (job.source, job.target):
                    if file not in schemas:
                        schemas[file] = _schema(file)
                for proposal in _run(job, schemas, embedder, options):
                    line = proposal_line(job.pair, proposal, explain=options["explain"])
                    out.write(json.dumps(line) + "\n")
                    lines += 1
                    found += bool(
                        proposal.candidates and proposal.candidates[0].confidence >= FOUND
                    )
                _show(done + 1, len(jobs), started, job.pair)
        self.stderr.write(
            f"{lines} target fields, {found} with a proposal above 50 %, "
            f"{time.monotonic() - started:.1f} s -> {options['out']}"
        )


def _jobs(options: dict[str, Any]) -> Iterator[Job]:
    if options["pairs"]:
        yield from _pairs(options["pairs"], options["root"])
        return
    if not (options["source"] and options["target"]):
        raise CommandError("give --source and --target, or --pairs with --root")
    yield Job(
        pair=pair_name(
            options["source"].parent.name or options["source"].stem,
            options["target"].parent.name or options["target"].stem,
            options["to"],
        ),
        source=options["source"],
        source_entities=_names(options["entities"]),
        target=options["target"],
        target_entities=_names(options["to"]),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(n.strip() for n in text.split(",") if n.strip())


def _pairs(path: Path, root: Path) -> Iterator[Job]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        for row in rows:
            yield Job(
                pair=row["pair"],
                source=root / row["source_schema"],
                source_entities=tuple(row["source_entities"]),
                target=root / row["target_schema"],
                target_entities=(row["target_entity"],),
                read_only=bool(row.get("propose_read_only")),
            )
    except OSError as error:
        raise CommandError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise CommandError(f"{path}: is not valid JSON ({error})") from error
    except (KeyError, TypeError) as error:
        raise CommandError(
            f"{path}: every row needs pair, source_schema, source_entities, target_schema "
            f"and target_entity ({error})"
        ) from error


def _schema(path: Path) -> SystemSchema:
    try:
        return load_schema(path)
    except SchemaFileError as error:
        raise CommandError(str(error)) from error


def _run(
    job: Job,
    schemas: dict[Path, SystemSchema],
    embedder: SentenceTransformerEmbedder,
    options: dict[str, Any],
) -> list[FieldProposal]:
    source, target = schemas[job.source], schemas[job.target]
    for file, schema, names in (
        (job.source, source, job.source_entities),
        (job.target, target, job.target_entities),
    ):
        for name in names:
            if schema.entity(name) is None:
                near = ", ".join(e.name for e in schema.entities[:12])
                raise CommandError(f"{file}: no entity “{name}”; it has {near}, …")
    wanted = options_for_files(explain=options["explain"], read_only=job.read_only)
    if options["via"] == "canonical":
        entities = job.source_entities or tuple(e.name for e in source.entities)
        targets = job.target_entities or tuple(e.name for e in target.entities)
        return [
            proposal
            for name in targets
            for proposal in propose_through(
                source, entities, target, name, embedder=embedder, options=wanted
            )
        ]
    return propose_between(
        source,
        job.source_entities,
        target,
        job.target_entities,
        embedder=embedder,
        options=wanted,
    )


def _show(done: int, total: int, started: float, name: str) -> None:
    left = (time.monotonic() - started) / done * (total - done)
    bar = "█" * round(20 * done / total)
    sys.stderr.write(f"\r{bar:░<20} {done}/{total} {left:4.0f} s left  {name:40.40}")
    sys.stderr.write("\n" if done == total else "")
    sys.stderr.flush()
