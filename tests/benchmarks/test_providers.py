"""Steps on both providers."""

import sys

import pytest

from benchmarks import providers

WORKER = "import sys\nfor case in sys.stdin: print(3.0 if 'float32' in case else 1.5, flush=True)"


def test_a_workers_own_time_counts(monkeypatch):
    """The first provider with detectron2's modules is the reference."""
    popen = providers.subprocess.Popen
    monkeypatch.setattr(providers.subprocess, "Popen", lambda _, **how: popen([sys.executable, "-c", WORKER], **how))
    found = providers.measure("mini, C4", 3)
    assert [(measured.seconds, measured.ratio) for measured in found.values()] == [(1.5, 1), (3, 2)] * 2
    assert next(iter(found)) == "detectron2's modules, upstream"


def test_a_worker_that_ended_is_said(monkeypatch):
    """As it does where detectron2 is not installed."""
    popen = providers.subprocess.Popen
    monkeypatch.setattr(providers.subprocess, "Popen", lambda _, **how: popen([sys.executable, "-c", ""], **how))
    with pytest.raises(RuntimeError, match="is detectron2 installed"):
        providers.measure("mini, C4", 3)
