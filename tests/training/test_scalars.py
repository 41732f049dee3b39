"""What a run logged."""

import json

from mask_rcnn_paper.training.scalars import read_scalars


def write(folder, *records, tail=""):
    """A metrics.json of these records."""
    (folder / "metrics.json").write_text("".join(json.dumps(record) + "\n" for record in records) + tail)


def test_the_last_record_of_an_iteration_counts(tmp_path):
    """A resumed run repeats what came after its checkpoint."""
    write(tmp_path, *({"iteration": n, "lr": value} for n, value in ((19, 9.0), (39, 8.0), (39, 5.0), (59, 4.0))))
    assert read_scalars(tmp_path, ["lr"]) == {"lr": {19: 9.0, 39: 5.0, 59: 4.0}}


def test_only_numbers_of_the_names_count(tmp_path):
    """Evaluations have other names, a diverging run has NaN, a killed run leaves half a line."""
    first, second = {"iteration": 19, "a": 2.0, "b": 0.7, "c": 1.0}, {"iteration": 39, "a": float("nan"), "b": 0.6}
    write(tmp_path, first, {"iteration": 20, "segm/AP": 30.0}, second, {"a": 1.0}, tail='{"iteration": 59, "a')
    assert read_scalars(tmp_path, ["a", "b", "d"]) == {"a": {19: 2.0}, "b": {19: 0.7, 39: 0.6}}


def test_a_run_without_a_file_has_none(tmp_path):
    """Nor has a folder that is not there."""
    assert read_scalars(tmp_path, ["a"]) == read_scalars(tmp_path / "nowhere", ["a"]) == {}
