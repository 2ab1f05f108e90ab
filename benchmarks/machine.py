"""The machine that a benchmark ran on, and what it reaches at best."""

import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

MATRIX_SIZE = 4096
COPY_BYTES = 2**29


def describe_machine() -> dict:
    """Return the processor's name, the usable cores, memory and system."""
    return {
        "processor": processor_name(),
        "cores": n_cores(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def n_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_name() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def measure_limits(size: int = MATRIX_SIZE, n_bytes: int = COPY_BYTES) -> dict[str, float]:
    """Return float32 operations and bytes of memory traffic a second, on all cores."""
    return {
        "flops per second": matrix_product_flops(size),
        "bytes per second": copy_bandwidth(n_bytes),
    }


def matrix_product_flops(size: int) -> float:
    """Return the rate of the best of five products of two matrices."""
    left = np.random.default_rng(0).random((size, size), dtype=np.float32)
    right, out = left.T.copy(), np.empty_like(left)
    return 2 * size**3 / best_seconds(lambda: np.matmul(left, right, out=out))


def copy_bandwidth(n_bytes: int) -> float:
    """Return the bytes read and written a second by the best of five copies, a thread a core."""
    n_threads = n_cores()
    source = np.ones(n_bytes // 4, dtype=np.float32)
    target = np.zeros_like(source)
    parts = list(zip(*(np.array_split(a, n_threads) for a in (target, source)), strict=True))
    with ThreadPoolExecutor(n_threads) as pool:
        seconds = best_seconds(lambda: list(pool.map(lambda part: np.copyto(*part), parts)))
    return 2 * source.nbytes / seconds


def best_seconds(function, n_repeats: int = 5) -> float:
    seconds = []
    for _ in range(n_repeats):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return min(seconds)
