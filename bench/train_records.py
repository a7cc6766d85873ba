"""Train the shipped record models from generated sets; development sets and ``baltic`` only judge.

    python bench/train_records.py party --work /tmp/rs [--write]

Training: the generator of ``shared/bench/records`` with seeds s1 and s2 and the worlds of
``bench/records_worlds.py`` (alps, isles, latin, plain). Calibration: world ``baltic``. Judged on the
development sets (other seed) and on worlds left out in turn (``--leave-out``).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

import records_train_core as core
from records_worlds import shared_records

from engine.resolve import profiles, scorer

TRAIN = {
    "party": ["s1", "s2", "alps", "isles", "latin", "plain"],
    "item": ["s1", "store2", "small"],
}
HELD = {"party": ["baltic"], "item": ["lager"]}
KINDS = {"party": ["customers", "suppliers"], "item": ["items"]}
STATEMENT = (
    "Fitted on records made by the generator of shared/bench/records with seeds other than the development set's "
    "and with other vocabularies (bench/records_worlds.py, sets {train}); calibrated on {held}, which took no part "
    "in fitting. No development or evaluation pair was used."
)


def load(names: list[str], model: str, profile: Any, work: Path) -> list[core.Labelled]:
    return [
        core.load(work / n, kind, target, profile)
        for n in names
        for kind in KINDS[model]
        for target in ("qbo", "xero")
    ]


def show(model: scorer.Model, s: core.Labelled) -> None:
    figures = core.report(scorer.score(model, s.i, s.j, s.rows).probability, s)
    print(f"{s.name:28}", "  ".join(f"{k} {v:.4f}" for k, v in figures.items()), flush=True)


def main() -> None:
    ap = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ap.add_argument("model", choices=sorted(KINDS))
    ap.add_argument("--work", type=Path, required=True, help="folder with the generated sets")
    ap.add_argument("--write", action="store_true", help="write engine/resolve/models/<model>.json")
    ap.add_argument("--leave-out", nargs="*", default=[], help="train without these, judge on them")
    args = ap.parse_args()
    started = time.time()
    profile = profiles.profile("item" if args.model == "item" else "customer")
    evidence = profile.evidence
    names = [n for n in TRAIN[args.model] if n not in args.leave_out]
    sets = load(names, args.model, profile, args.work)
    held = load(HELD[args.model], args.model, profile, args.work)
    print(f"loaded {len(sets)} sets, {time.time() - started:.0f} s", flush=True)
    model = core.train(
        sets,
        evidence,
        f"{args.model}-1",
        STATEMENT.format(train=", ".join(names), held=", ".join(HELD[args.model])),
    )
    model = core.calibrate(model, held)
    print(
        f"trained {time.time() - started:.0f} s; slope {model.slope} shift {model.shift}",
        flush=True,
    )
    if args.write:
        write(model, args.model)
    for s in held + load(args.leave_out, args.model, profile, args.work):
        show(model, s)
    for s in load([""], args.model, profile, shared_records()):
        show(model, s)


def write(model: scorer.Model, name: str) -> None:
    path = Path(__file__).resolve().parents[1] / "engine" / "resolve" / "models" / f"{name}.json"
    text = json.dumps(model.to_json(), separators=(",", ":")).replace('{"feature"', '\n{"feature"')
    path.write_text(text + "\n", encoding="utf-8")
    print("wrote", path, path.stat().st_size)


if __name__ == "__main__":
    main()
