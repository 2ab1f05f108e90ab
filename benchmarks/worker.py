"""A contender's own process: it reads requests and writes answers, one line of JSON each.

``versions`` names what is installed, ``prepare`` imports and loads everything, ``run`` does the
timed work, ``quality`` tells what the result is worth. An exception is an answer too. Between
requests the process waits for its input and uses no processor.
"""

import gc
import importlib
import importlib.metadata
import json
import logging
import os
import statistics
import sys
import time
import traceback
from typing import Any

from kernel_counts import foreign_seconds, peak_above, reset_peak_memory, share_of_others
from task import Prepared, Task

# More calls than these are made only while they take less than these seconds.
LEAST_CALLS, MOST_SECONDS = 3, 2.0


def main() -> None:
    # Libraries write to standard output as they like: answers get a channel of their own.
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
        prepared = None
        for line in sys.stdin:
            request = json.loads(line)
            try:
                if request["do"] == "prepare":
                    prepared, answer = prepare(request), {}
                elif request["do"] == "versions":
                    answer = versions(request["packages"])
                elif request["do"] == "run":
                    answer = run(prepared, request["calls"])
                else:
                    answer = prepared.quality()
            except Exception as error:
                traceback.print_exc()
                answer = {"error": f"{type(error).__name__}: {error}"}
            print(json.dumps(answer), file=answers, flush=True)


def versions(packages: list[str]) -> dict[str, Any]:
    """Return the version of each package and of Python; the first package must be installed."""
    try:
        importlib.metadata.version(packages[0])
    except importlib.metadata.PackageNotFoundError:
        # A checkout on the path is as good as an installation.
        if not hasattr(sys.modules.get(packages[0]) or _import(packages[0]), "__version__"):
            return {"missing": packages[0]}
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for package in packages:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = getattr(_import(package), "__version__", "none")
    return {"versions": found}


def _import(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        return None


def prepare(request: dict) -> Prepared:
    """Import the contender and let it load its data."""
    module = importlib.import_module(request["module"])
    prepared = getattr(module, request["function"])(Task(**request["task"]))
    return prepared if isinstance(prepared, Prepared) else Prepared(prepared)


def run(prepared: Prepared, n_calls: int) -> dict[str, Any]:
    """Return the median seconds of the calls, and how far memory rose in them."""
    gc.collect()
    resident = reset_peak_memory()
    seconds: list[float] = []
    foreign, began = foreign_seconds(), time.perf_counter()
    while len(seconds) < n_calls and (len(seconds) < LEAST_CALLS or sum(seconds) < MOST_SECONDS):
        started = time.perf_counter()
        result = prepared.run()
        elapsed = time.perf_counter() - started
        seconds.append(result if isinstance(result, float) else elapsed)
        del result
    watched = time.perf_counter() - began
    return {
        "seconds": statistics.median(seconds),
        "calls": len(seconds),
        "peak_bytes": peak_above(resident),
        "seconds watched": watched,
        "cores used by others": share_of_others(foreign, watched),
    }


if __name__ == "__main__":
    main()
