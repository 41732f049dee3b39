import logging

import pytest
from detectron2.config import get_cfg
from detectron2.evaluation import print_csv_format, verify_results
from detectron2.evaluation.testing import flatten_results_dict

RESULTS = {"bbox": {"AP": 30.5, "AP50": float("nan"), "AP-person": 50.0}, "segm": {"AP": 27.25}}


def expecting(*rows: list):
    cfg = get_cfg()
    cfg.TEST.EXPECTED_RESULTS = list(rows)
    return cfg


def test_results_are_logged_for_copying(caplog):
    """Each task has a line of names and a line of values, without single categories."""
    with caplog.at_level(logging.INFO, logger="detectron2"):
        print_csv_format(RESULTS | {"seconds": 3})
    assert caplog.messages == [
        "copypaste: Task: bbox",
        "copypaste: AP,AP50",
        "copypaste: 30.5000,nan",
        "copypaste: Task: segm",
        "copypaste: AP",
        "copypaste: 27.2500",
        "copypaste: seconds=3",
    ]


def test_expected_results_are_met():
    """Values within the tolerance pass, and so does expecting nothing."""
    assert verify_results(expecting(["bbox", "AP", 30.0, 0.5], ["segm", "AP", 27.25, 0]), RESULTS)
    assert verify_results(expecting(), RESULTS)


@pytest.mark.parametrize("row", [["bbox", "AP", 30.0, 0.4], ["bbox", "AP50", 1.0, 99.0], ["kp", "AP", 1, 1]])
def test_missed_results_end_the_program(row, caplog):
    """A value outside the tolerance, NaN or missing ends with exit code 1 and says which."""
    with pytest.raises(SystemExit) as end:
        verify_results(expecting(row), RESULTS)
    assert end.value.code == 1
    assert f"{row[0]}/{row[1]} is " in caplog.text


def test_flat_results():
    """Nested results get one key each, to any depth."""
    assert flatten_results_dict({"a": {"b": 1, "c": {"d": 2}}, "e": 3}) == {"a/b": 1, "a/c/d": 2, "e": 3}
