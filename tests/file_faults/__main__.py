"""Run the sweep and print a table: ``python -m file_faults``, from the folder ``tests``.

The skhyp that is swept is that of the current folder, or of PYTHONPATH.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from .file_calls import FileCalls, compile_shim

_LIBRARY = "FILE_CALLS_LIBRARY"


def main() -> int:
    """Run in a process that the library is loaded into."""
    parser = argparse.ArgumentParser(prog="file_faults", description=__doc__.splitlines()[0])
    parser.add_argument("operations", nargs="*", help="words that are in names of operations")
    parser.add_argument("--sample", type=int, help="try so many instants, not all")
    parser.add_argument("--json", type=Path, help="a file to write all outcomes to")
    arguments = parser.parse_args()
    in_memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=in_memory) as scratch:
        folder = Path(scratch).resolve()
        if _LIBRARY not in os.environ:
            return _run_again_with_library(folder)
        return _sweep(arguments, folder)


def _run_again_with_library(folder: Path) -> int:
    library = str(compile_shim(folder))
    ours = str(Path(__file__).resolve().parents[1])
    paths = [os.getcwd(), ours, os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "LD_PRELOAD": library,
        _LIBRARY: library,
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        "TF_CPP_MIN_LOG_LEVEL": "2",
    }
    command = [sys.executable, "-m", "file_faults", *sys.argv[1:]]
    return os.spawnve(os.P_WAIT, sys.executable, command, environment)


def _sweep(arguments: argparse.Namespace, scratch: Path) -> int:
    del os.environ["LD_PRELOAD"]
    folder, stored = scratch / "watched", scratch / "stored"
    stored.mkdir()
    calls = FileCalls(os.environ[_LIBRARY], folder)
    from .operations import OPERATIONS
    from .sweep import Sweep

    chosen = [
        operation
        for operation in OPERATIONS
        if not arguments.operations or any(word in operation.name for word in arguments.operations)
    ]
    rows, written, n_bad = [], [], 0
    for place, operation in enumerate(chosen):
        outcomes = []
        print(f"== {operation.name}", flush=True)
        if "training" in operation.name:
            # Not used here, so that forks may use it; not earlier, as it makes a fork slow.
            import tensorflow  # noqa: F401
        sweep = Sweep(operation, calls, folder, stored)
        for outcome in sweep.outcomes(arguments.sample, shift=place / len(chosen)):
            outcomes.append(outcome)
            if outcome.problems:
                print(f"   {outcome}", flush=True)
        rows.append((operation.name, _row(outcomes)))
        written += [
            {
                "operation": operation.name,
                "resume": outcome.resume,
                "fault": outcome.instant.fault,
                "struck": outcome.struck,
                "state": outcome.state,
                "problems": outcome.problems,
            }
            for outcome in outcomes
        ]
        n_bad += sum(bool(outcome.problems) for outcome in outcomes)
    _print_table(rows)
    _print_kinds(written)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(written, indent=1))
    return min(n_bad, 1)


def _row(outcomes: list) -> dict[str, int]:
    """Return the figures of an operation, by the heads of the table's columns."""
    kills = sum(outcome.instant.fault.startswith("SIGKILL") for outcome in outcomes)
    states = Counter(outcome.state for outcome in outcomes)
    whole = states["former"], states["new"], states["some of the new"]
    return {
        "instants": len(outcomes),
        "kills": kills,
        "errors": len(outcomes) - kills,
        "former": whole[0],
        "new": whole[1],
        "some of the new": whole[2],
        "other": len(outcomes) - sum(whole),
        "bad": sum(bool(outcome.problems) for outcome in outcomes),
    }


def _print_table(rows: list[tuple[str, dict[str, int]]]) -> None:
    total = {head: sum(row[head] for _, row in rows) for head in rows[0][1]}
    width = max(len(name) for name, _ in rows)
    print(f"{'':{width}}  {'  '.join(total)}")
    for name, row in [*rows, ("all", total)]:
        print(f"{name:{width}}  {'  '.join(f'{row[head]:{len(head)}}' for head in total)}")


def _print_kinds(outcomes: list[dict]) -> None:
    """Print how often each problem came, in which kinds of operations."""
    kinds = Counter(
        (outcome["operation"].split(",")[0], problem)
        for outcome in outcomes
        for problem in outcome["problems"]
    )
    for (operation, problem), n_instants in kinds.most_common():
        print(f"{n_instants:6}  {operation}: {problem}")


if __name__ == "__main__":
    sys.exit(main())
