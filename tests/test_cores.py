"""The number of cores."""

import os

from mask_rcnn_paper.cores import core_count


def test_only_the_cores_of_this_process_count(monkeypatch):
    """A process that is bound to one core has one, whatever the machine has."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert core_count() == 1


def test_where_processes_are_not_bound_the_machine_counts(monkeypatch):
    """macOS has no affinity: all cores, and one where even their number is unknown."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert core_count() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert core_count() == 1
