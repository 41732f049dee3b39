"""Every test runs with the provider of `detectron2` already chosen, and with a cache of generated data of its own."""

import logging
import os
import signal
import tempfile
from collections.abc import Iterator

import pytest

_CACHE = tempfile.TemporaryDirectory(prefix="mask_rcnn_paper_tests_")
os.environ["MASK_RCNN_PAPER_CACHE"] = _CACHE.name  # before the import: datasets are registered with their folders

import mask_rcnn_paper  # noqa: E402

mask_rcnn_paper.register_components()

# tests/embedded reaches into the core: names, messages and choices that the real detectron2 does not have.
collect_ignore = ["embedded"] if mask_rcnn_paper.PROVIDER == "upstream" else []


@pytest.fixture(autouse=True, scope="session")
def ctrl_c_interrupts() -> Iterator[None]:
    """Also where the tests were started in the background of a shell, which makes them ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def fresh_loggers() -> None:
    """As before any `setup_logger`: they print nothing, and pass on what they hear, to `caplog` at the root."""
    for name in ("detectron2", "fvcore"):
        logger = logging.getLogger(name)
        logger.propagate = True
        logger.setLevel(logging.NOTSET)
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()
