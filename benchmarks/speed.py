"""How fast this package is beside what it stands in for, on this machine.

``make bench``, or ``python benchmarks/speed.py [ROW ...] [--rounds N] [--out FILE]``.
Each row runs ours and the reference in turn, in one process, and states the median of
the ratios of elapsed time and, on a busy machine the steadier one, of processor time.
Seconds alone would compare machines, and the hour of the day. ViT-B and
ViT-H have placeholder weights: time does not depend on them. The JSON file names the
machine. Rows for a GPU come where torch finds one, those beside micro-sam where
``make bench PEERS=1`` has made its environment.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from rich.console import Console
from rich.table import Table
from speed_memory import CLEAR, peak_ratio
from speed_peers import PEER_PYTHON, peer_rows
from speed_rows import cpu_rows, gpu_rows

if TYPE_CHECKING:
    from speed_rows import Actions, Comparison

OUT = Path("out") / "speed.json"
MEMORY_ROW = "memory"
PEERS_ROW = "peers"


def main() -> None:
    """Measure the rows that are asked for, print them, and write them down."""
    asked = _arguments()
    rows = {row.name: row for row in cpu_rows()}
    if torch.cuda.is_available():
        rows |= {row.name: row for row in gpu_rows()}
    special = [
        *([MEMORY_ROW] if CLEAR.exists() else []),
        *([PEERS_ROW] if PEER_PYTHON.exists() else []),
    ]
    names = asked.rows or [*rows, *special]
    unknown = sorted(set(names) - {*rows, *special})
    if unknown:
        there = ", ".join([*rows, *special])
        sys.exit(f"no row {', '.join(unknown)}; there are {there}")
    found: list[dict[str, Any]] = []
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name == MEMORY_ROW:
            new = [peak_ratio()]
        elif name == PEERS_ROW:
            new = peer_rows(asked.rounds)
        else:
            new = [_measured(rows[name], asked.rounds)]
        for row in new:
            Console().print(f"{row['row']}: {row['ratio']:.2f} x")
        found += new
        text = json.dumps({"machine": _machine(), "rows": found}, indent=2)
        asked.out.write_text(text + "\n", "utf-8")
    _print(found)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="by default all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, default=OUT)
    return parser.parse_args()


def _measured(row: Comparison, rounds: int) -> dict[str, Any]:
    """Run ours and the reference in turn, after one round to warm up."""
    actions = row.prepare()
    times = [_taken(actions) for _ in range(1 + rounds * row.repeats)]
    wall, cpu = ([each[clock] for each in times[1:]] for clock in (0, 1))
    reference, ours = (statistics.median(each) for each in zip(*wall, strict=True))
    return {
        "row": row.name,
        "what": row.what,
        "against": row.against,
        "target": row.target,
        "ratio": statistics.median(theirs / mine for theirs, mine in wall),
        "ratio_cpu": statistics.median(theirs / mine for theirs, mine in cpu),
        "seconds_ours": ours,
        "seconds_reference": reference,
        "rounds": len(times) - 1,
        **actions.agreement(),
    }


def _taken(actions: Actions) -> tuple[tuple[float, float], tuple[float, float]]:
    """Wall seconds and processor seconds of the reference and of ours."""
    wall, cpu = [], []
    for action in (actions.reference, actions.ours):
        start, used = time.perf_counter(), time.process_time()
        action()
        wall.append(time.perf_counter() - start)
        cpu.append(time.process_time() - used)
    return (wall[0], wall[1]), (cpu[0], cpu[1])


def _print(found: list[dict[str, Any]]) -> None:
    console = Console(width=110)
    table = Table(title="Ratios of one run, medians; load changes seconds more")
    for heading in ("row", "what", "against", "ratio", "cpu", "target", "agreement"):
        table.add_column(heading)
    shown = ("difference", "cosine", "same", "units")
    for row in found:
        agreement = ", ".join(f"{key} {row[key]}" for key in shown if key in row)
        cells = row["row"], row["what"], row["against"], f"{row['ratio']:.2f} x"
        cpu = f"{row['ratio_cpu']:.2f} x" if "ratio_cpu" in row else ""
        table.add_row(*cells, cpu, row["target"], agreement)
    console.print(table)


def _machine() -> dict[str, Any]:
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = (line.partition(":") for line in info.read_text().splitlines())
        cpu = next((v.strip() for k, _, v in lines if k.strip() == "model name"), cpu)
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": cpu,
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": os.getloadavg(),
        "gpu": gpu,
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    main()
