"""What Linux counts: the memory of this process, and how busy others keep the processor.

Everything is None where the system does not tell.
"""

import os
from pathlib import Path


def reset_peak_memory() -> int | None:
    """Start the peak of this process's memory anew and return its resident bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
        return memory()["VmRSS"]
    except OSError:
        return None


def peak_above(resident: int | None) -> int | None:
    """Return by how many bytes memory rose at most since the peak was reset."""
    return None if resident is None else max(0, memory()["VmHWM"] - resident)


def memory() -> dict[str, int]:
    """Return what the kernel says of this process's memory, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    values = dict(line.split(":", 1) for line in lines if line.startswith("Vm"))
    return {name: 1024 * int(value.split()[0]) for name, value in values.items()}


def foreign_seconds() -> float | None:
    """Return the processor seconds that others have used: not this process nor its dead children.

    The difference of two calls tells whether a time that was taken between them was disturbed.
    What the hypervisor gave to other machines counts as well.
    """
    try:
        fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, irq, soft_irq, steal = map(int, fields)
    busy = (user + nice + system + irq + soft_irq + steal) / os.sysconf("SC_CLK_TCK")
    return busy - sum(os.times()[:4])


def share_of_others(before: float | None, seconds: float) -> float | None:
    """Return how many cores others kept busy since ``before``, in the mean over the seconds."""
    now = foreign_seconds()
    if before is None or now is None or seconds <= 0:
        return None
    return max(0.0, now - before) / seconds
