"""Predictions are drawn in strips beside the ground truth, and what cannot be drawn is said."""

import json

import numpy as np
import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from ablations.evidence.shown_scores import ScoreRule
from ablations.report import strips
from ablations.report.contents import predictions_of
from ablations.report.predictions import KEYPOINTS, MASK
from ablations.report.strips import GROUND_TRUTH, SIDE, draw_strips, read_image
from tests.ablations.report import tiny
from tests.ablations.report.tiny import predicted, rectangle

TWO_CARS = [rectangle(0, 0, 40, 40), rectangle(50, 50, 40, 40)]


def draw(folders, versions):
    """Strips of the predictions in these folders."""
    return draw_strips({key: predictions_of(folder) for key, folder in folders.items()}, versions)


@pytest.fixture
def rows(register, tmp_path):
    """Folders of two rows on image 1 with two cars: the first finds both, the second one of them."""
    name = register(TWO_CARS)
    good = tiny.write_predictions(tmp_path / "good", name, [predicted(*car["bbox"]) for car in TWO_CARS])
    bad = tiny.write_predictions(
        tmp_path / "bad", name, [predicted(0, 0, 40, 40), predicted(50, 50, 40, 40, score=0.2)]
    )
    return {("good", 0): good, ("bad", 0): bad}


def test_every_row_has_a_panel_behind_the_ground_truth(rows):
    """With its overlap; small images are enlarged by a whole number."""
    found = draw(rows, {})
    assert (found.seed, found.measure, found.missing) == (0, MASK, "")
    (strip,) = found.strips
    assert (strip.file_name, strip.choice.place) == ("1.png", "largest")
    assert [(p.label, p.overlap) for p in strip.panels] == [(GROUND_TRUTH, None), ("good", 1.0), ("bad", 0.5)]
    assert {p.image.shape for p in strip.panels} == {(SIDE, SIDE, 3)}


def test_only_what_scores_enough_is_drawn(rows):
    """The second car is grey in the panel of the row that is not sure of it."""
    _, good, bad = draw(rows, {}).strips[0].panels
    grey, of_car_two = [40, 40, 40], np.s_[300, 300]
    assert bad.image[of_car_two].tolist() == grey != good.image[of_car_two].tolist()
    assert bad.image[100, 40].tolist() == good.image[100, 40].tolist() != grey


def test_a_prediction_looks_like_the_object_that_it_finds(register, tmp_path):
    """Its colour is that of the ground truth whatever else a row predicts; what finds no object is grey."""
    name = register(TWO_CARS)
    wrong, right = predicted(50, 50, 40, 40, category=1), predicted(0, 0, 40, 40, score=0.6)
    folder = tiny.write_predictions(tmp_path / "row", name, [wrong, right])
    truth, row = (panel.image for panel in draw({("row", 0): folder}, {}).strips[0].panels)
    assert truth[100, 100].tolist() == row[100, 100].tolist()
    assert truth[300, 300].tolist() != row[300, 300].tolist()
    assert len(set(row[300, 300].tolist())) == 1 < len(set(truth[300, 300].tolist()))


def calibrated(folder, precision):
    """Have all scores above 0.1 of cars mean this precision."""
    steps = {"3": {"bounds": [0.1], "precisions": [0.05, precision]}}
    (place,) = (folder / "inference").iterdir()
    (place / "calibration.json").write_text(json.dumps({"segm": {"0.5": steps}}))


def test_calibrated_rows_are_shown_at_equal_precision(rows):
    """A score of 0.2 is shown where it means 0.7, one of 0.9 is not where it means 0.59; overlaps count the same."""
    calibrated(rows["good", 0], 0.59)
    calibrated(rows["bad", 0], 0.7)
    found = draw(rows, {})
    assert found.scores.rule == "calibrated score of at least 0.6: precision at mask IoU 0.5"
    assert [p.overlap for p in found.strips[0].panels] == [None, 0.0, 1.0]
    _, good, bad = found.strips[0].panels
    assert (good.image == 40).all()
    assert bad.image[300, 300].tolist() != [40, 40, 40]
    files = {key: predictions_of(folder) for key, folder in rows.items()}
    lower, raw = (draw_strips(files, {}, rule) for rule in (ScoreRule(0.5), ScoreRule(0.1, raw=True)))
    assert [p.overlap for p in lower.strips[0].panels] == [p.overlap for p in raw.strips[0].panels] == [None, 1.0, 1.0]
    assert (lower.scores.threshold, raw.scores.rule) == (0.5, "score of at least 0.1")


def test_one_row_without_calibration_leaves_all_scores_raw(rows):
    """Else rows would be compared at different kinds of scores; the row is named by its job."""
    calibrated(rows["good", 0], 0.59)
    found = draw(rows, {})
    assert found.scores.why_raw.startswith(
        "scores are raw, not calibrated: the evaluation of bad left no calibration by mask IoU or box IoU"
    )
    assert (found.scores.rule, found.strips[0].panels[1].overlap) == ("score of at least 0.5", 1.0)
    calibrated(rows["bad", 0], 2.0)
    assert "is no calibration of scores" in draw(rows, {}).missing


def test_ground_truth_shows_what_the_rows_predict(register, tmp_path):
    """Rows without masks are compared with boxes and keypoints alone."""
    person = {"category": 1, "keypoints": [20, 20, 2, 60, 60, 2], "num_keypoints": 2}
    name = register([rectangle(0, 0, 80, 80, **person), rectangle(10, 10, 80, 80, **person)])
    row = [{key: v for key, v in predicted(0, 0, 80, 80, **person).items() if key != "segmentation"}]
    found = draw({("row", 0): tiny.write_predictions(tmp_path / "row", name, row)}, {})
    truth = found.strips[0].panels[0].image
    assert found.measure == KEYPOINTS
    pixels = SIDE // tiny.SIDE
    assert truth[30 * pixels, 50 * pixels].tolist() == [40, 40, 40]
    assert truth[20 * pixels + pixels // 2, 20 * pixels + pixels // 2].tolist() != [40, 40, 40]


def test_the_seed_with_most_rows_is_shown(rows, tmp_path):
    """Of equals the first; rows without predictions of it are named."""
    found = draw({("good", 0): tmp_path / "nowhere", ("good", 1): rows["good", 0], ("none", 1): tmp_path}, {})
    assert found.seed == 1
    assert [p.label for p in found.strips[0].panels] == [GROUND_TRUTH, "good"]
    assert found.missing == f"no predictions of seed 1 on {found.dataset}: none"
    both = {(label, seed): folder for (label, _), folder in rows.items() for seed in (2, 1)}
    assert draw(both, {}).seed == 1


def test_nothing_to_draw_is_said(tmp_path, register):
    """No folders, no predictions, no such dataset, broken files."""
    assert draw({}, {}).missing == draw({("a", 0): tmp_path}, {}).missing
    assert draw({}, {}).missing == "no finished run has left predictions"
    unknown = tiny.write_predictions(tmp_path / "a", "nobody_val", [])
    assert draw({("a", 0): unknown}, {}).missing == "dataset 'nobody_val' is not registered"
    folder = tiny.write_predictions(tmp_path / "b", register([]), [])
    assert draw({("b", 0): folder}, {}).missing == "no image of the validation set has objects to compare"
    next(folder.rglob("*.json")).write_text("[")
    assert "is not JSON" in draw({("b", 0): folder}, {}).missing


def test_datasets_are_registered_before_they_are_looked_up(rows, monkeypatch):
    """A report whose plan comes from the cache has read no config, which is what registers them elsewhere."""
    (dataset,) = predictions_of(rows["good", 0])
    paths = MetadataCatalog.get(dataset).json_file, MetadataCatalog.get(dataset).image_root
    DatasetCatalog.remove(dataset)
    MetadataCatalog.remove(dataset)

    def late():
        DatasetCatalog.register(dataset, list)
        MetadataCatalog.get(dataset).set(json_file=paths[0], image_root=paths[1], data_version="v3")

    monkeypatch.setattr(strips, "register_components", late)
    assert "has changed: the predictions are of its version v2" in draw(rows, {dataset: "v2"}).missing


def test_missing_images_are_said(rows, tmp_path):
    """As where only the annotations are on this machine."""
    (tmp_path / "data/images/1.png").unlink()
    found = draw(rows, {})
    assert found.strips == ()
    assert found.missing.startswith("no image that can be read: ")


def test_predictions_are_not_drawn_on_another_version_of_the_data(register, tmp_path):
    """They are of other images; a version that nobody knows does not matter."""
    name = register(TWO_CARS, data_version="v3")
    folders = {("a", 0): tiny.write_predictions(tmp_path / "a", name, [predicted(0, 0, 40, 40)])}
    changed = f"{name} has changed: the predictions are of its version v2, here is v3"
    assert draw(folders, {name: "v2"}).missing == changed
    for versions in ({name: "v3"}, {name: "unknown"}, {}):
        assert draw(folders, versions).strips


def test_a_category_without_a_name_is_said(rows):
    """Predictions of another dataset's classes."""
    path = next(rows["good", 0].rglob("*.json"))
    path.write_text(json.dumps([predicted(0, 0, 9, 9, category=77)]))
    assert "no class name of category ids [77]" in draw(rows, {}).missing


def test_large_images_are_reduced(rows, monkeypatch):
    """To the same side as small ones have."""
    monkeypatch.setattr(strips, "SIDE", 64)
    assert draw(rows, {}).strips[0].panels[1].image.shape == (64, 64, 3)


def test_the_same_files_give_the_same_bytes(rows):
    """Choice, drawing and compression."""
    first, second = ([panel.jpeg() for strip in draw(rows, {}).strips for panel in strip.panels] for _ in range(2))
    assert first == second
    assert all(content.startswith(b"\xff\xd8") for content in first)


def test_images_are_read_as_rgb(tmp_path):
    """cv2's files are BGR."""
    import cv2

    cv2.imwrite(str(tmp_path / "red.png"), np.full((2, 2, 3), (0, 0, 255), dtype=np.uint8))
    assert read_image(tmp_path / "red.png")[0, 0].tolist() == [255, 0, 0]
