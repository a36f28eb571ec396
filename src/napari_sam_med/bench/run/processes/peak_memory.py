"""The most memory that this process has held."""

from __future__ import annotations

import sys
from pathlib import Path

KIB = 1024
STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int:
    """Ask the system for the largest resident set of this process so far.

    Returns
    -------
    int
        Bytes; 0 on a system that does not tell, such as Windows.

    Notes
    -----
    On Linux ``getrusage`` gives a program the peak of the process that started it, if
    that was larger; /proc speaks of the program alone.
    """
    if STATUS.exists():
        lines = STATUS.read_text("ascii", errors="replace").splitlines()
        peaks = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
        return int(peaks[0]) * KIB if peaks else 0
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * KIB
