"""COMA of the ``valentine`` package on one public suite; runs in the peers' own environment.

``var/peers/bin/python bench/fields_peer_coma.py SUITE_FOLDER OUT.json``: the tasks in order of file
name, every candidate with its score; seconds are the matcher's, without its imports. It imports
nothing of ours, and nothing of ours imports valentine.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any


def frame(pandas: Any, fields: list[dict[str, Any]]) -> Any:
    """The fields as columns of a table; short columns are filled up with nothing."""
    return pandas.DataFrame(
        {f["id"]: pandas.Series(f.get("values") or [], dtype=str) for f in fields}
    )


def main() -> None:
    import pandas
    import valentine
    from valentine.algorithms import Coma

    folder, out = Path(sys.argv[1]), Path(sys.argv[2])
    tasks = [json.loads(f.read_text(encoding="utf-8")) for f in sorted(folder.glob("*.json"))]
    sampled = any(f.get("values") for task in tasks for f in task["source"])
    matcher = Coma(max_n=0, use_instances=sampled, delta=1.0, threshold=0.0)
    started, tables = time.monotonic(), []
    for task in tasks:
        frames = [frame(pandas, task["source"]), frame(pandas, task["target"])]
        found = valentine.valentine_match(frames, matcher)
        rows = []
        for pair, score in found.items():
            rows.append([pair.source_column, pair.target_column, float(score)])
        tables.append(rows)
    seconds = time.monotonic() - started
    usage = resource.getrusage(resource.RUSAGE_SELF)
    about = {
        "seconds": seconds,
        "processor seconds": usage.ru_utime + usage.ru_stime,
        "MB": usage.ru_maxrss / 1024,
        "tables": tables,
    }
    out.write_text(json.dumps(about), encoding="utf-8")


if __name__ == "__main__":
    main()
