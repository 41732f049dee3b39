"""How many cores there are to work on."""

import os


def core_count() -> int:
    """Cores that this process may use, which a cluster's scheduler can hold to fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
