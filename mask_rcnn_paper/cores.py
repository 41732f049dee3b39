"""How many cores there are to work on, and how threads share them."""

import os

# Threads that have nothing to do sleep, unless the environment wants otherwise. By default they spin, and where another
# program has a core, those with work wait for it: a step of two threads then takes 13 times as long. It is read when
# torch is imported.
IDLE_THREADS_SLEEP = {"OMP_WAIT_POLICY": "passive"}


def core_count() -> int:
    """Cores that this process may use, which a cluster's scheduler can hold to fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
