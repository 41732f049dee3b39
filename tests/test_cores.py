"""The number of cores."""

import os
import sys

import pytest

from mask_rcnn_paper.cores import core_count


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux binds processes to cores")
def test_only_the_cores_of_this_process_count():
    """A process that is bound to one core has one, whatever the machine has."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert core_count() == 1
    finally:
        os.sched_setaffinity(0, before)
    assert core_count() == len(before)


def test_where_processes_are_not_bound_the_machine_counts(monkeypatch):
    """macOS has no affinity: all cores, and one where even their number is unknown."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert core_count() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert core_count() == 1
