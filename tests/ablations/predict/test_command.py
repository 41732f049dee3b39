"""`python -m ablations predict` on a row that is really trained, at smoke scale."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pycocotools.mask as mask_util
import pytest
from detectron2.data import MetadataCatalog
from PIL import Image
from pycocotools.coco import COCO

import ablations.__main__ as cli
from tests.ablations.predict.smoke_row import OPTS, train


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """Folder of all jobs in which 2b/sigmoid is finished."""
    folder = tmp_path_factory.mktemp("output")
    train("2b/sigmoid", folder)
    return folder


def run(output, *words, row="2b/sigmoid"):
    """Exit code of the command."""
    try:
        return cli.main(["predict", row, *map(str, words), "--scale", "smoke", "--output", str(output), *OPTS])
    except SystemExit as error:
        return error.code


@pytest.fixture(scope="module")
def predictions(output, tmp_path_factory):
    """What the command writes for all validation images."""
    folder = tmp_path_factory.mktemp("predictions")
    assert run(output, *validation_images("smoke_val"), "--out", folder, "--score-threshold", "0") == 0
    return folder


@pytest.fixture
def predict(output, capsys):
    """Run the command; returns its exit code, stdout and stderr."""

    def call(*words):
        return run(output, *words), *capsys.readouterr()

    return call


def validation_images(dataset):
    """Files in the order of their ids, which are 1, 2, ..."""
    metadata = MetadataCatalog.get(dataset)
    images = COCO(metadata.json_file).dataset["images"]
    assert [image["id"] for image in images] == list(range(1, len(images) + 1))
    return [Path(metadata.image_root) / image["file_name"] for image in images]


def assert_equal_results(found, stored):
    """Same boxes and scores to 1e-3, same masks and keypoints, in the same order."""
    assert len(found) == len(stored) > 40
    for a, b in zip(found, stored, strict=True):
        assert (a["image_id"], a["category_id"]) == (b["image_id"], b["category_id"])
        np.testing.assert_allclose([*a["bbox"], a["score"]], [*b["bbox"], b["score"]], atol=1e-3)
        np.testing.assert_allclose(a.get("keypoints", ()), b.get("keypoints", ()), atol=1e-3)
        areas = mask_util.area([a["segmentation"], b["segmentation"]])
        assert not areas.any() or mask_util.iou([a["segmentation"]], [b["segmentation"]], [0])[0, 0] > 0.999


def test_predictions_are_those_of_the_evaluation(predictions, output):
    """The row takes proposals that were stored; here its RPN makes them anew, and nothing changes."""
    (stored,) = output.glob("smoke/detector/*/inference/smoke_val/coco_instances_results.json")
    found = json.loads((predictions / "predictions.json").read_text())
    assert_equal_results(found, json.loads(stored.read_text()))


@pytest.mark.slow
def test_predictions_of_persons_are_those_of_the_evaluation(tmp_path):
    """With FPN, masks and keypoints."""
    folder = train("5/keypoint_and_mask", tmp_path / "output")
    images = validation_images("smoke_keypoints_val")
    assert run(tmp_path / "output", *images, "--out", tmp_path / "out", row="kp_mask_r50_fpn") == 0
    stored = json.loads((folder / "inference/smoke_keypoints_val/coco_instances_results.json").read_text())
    found = json.loads((tmp_path / "out/predictions.json").read_text())
    assert len(found[0]["keypoints"]) == 51
    assert_equal_results(found, stored)
    category = json.loads((tmp_path / "out/images.json").read_text())["categories"][0]
    assert len(category["keypoints"]) == 17
    assert len(category["skeleton"]) == 19


def test_both_files_load_with_pycocotools(predictions):
    """The images with names, and the results on them, whose category ids are the dataset's own."""
    coco = COCO(str(predictions / "images.json"))
    results = coco.loadRes(str(predictions / "predictions.json"))
    names = [str(path) for path in validation_images("smoke_val")]
    assert [image["file_name"] for image in coco.loadImgs([1, 2, 3, 4])] == names
    assert {ann["category_id"] for ann in results.dataset["annotations"]} <= {1, 2, 3, 4, 6, 7, 8, 18, 22, 28, 47, 88}
    assert coco.loadCats([47])[0]["name"] == "cup"
    assert results.annToMask(results.loadAnns([1])[0]).shape == (coco.imgs[1]["height"], coco.imgs[1]["width"])


def test_pictures_are_drawn_on_enlarged_images(predictions):
    """192 pixels become 576, and much is drawn with a threshold of 0."""
    path = validation_images("smoke_val")[0]
    picture = np.array(Image.open(predictions / f"{path.stem}.png"))
    plain = np.array(Image.open(path).convert("RGB").resize((576, 576)))
    assert picture.shape == (576, 576, 3)
    assert np.abs(picture.astype(int) - plain).mean() > 5


def test_the_same_command_writes_the_same_bytes(predict, predictions, tmp_path):
    """Pictures and JSON."""
    code, out, _ = predict(*validation_images("smoke_val"), "--out", tmp_path, "--score-threshold", "0")
    assert code == 0
    assert f"pictures, predictions.json and images.json: {tmp_path}" in out
    first, second = ({p.name: p.read_bytes() for p in folder.iterdir()} for folder in (predictions, tmp_path))
    assert first == second
    assert len(first) == 6


def test_the_threshold_is_of_the_pictures_alone(predict, predictions, tmp_path):
    """With a threshold of 1 nothing is drawn; the JSON is the same."""
    _, out, _ = predict(*validation_images("smoke_val"), "--out", tmp_path, "--score-threshold", "1")
    assert ", 0 of them drawn (calibrated score of at least 1: precision at mask IoU 0.5)" in out
    assert (tmp_path / "predictions.json").read_bytes() == (predictions / "predictions.json").read_bytes()


def test_pictures_without_labels(predict, predictions, tmp_path):
    """`--threshold` is the short name of the option; labels are all that is missing."""
    image = validation_images("smoke_val")[0]
    assert predict(image, "--out", tmp_path, "--threshold", "0", "--no-labels")[0] == 0
    plain, labelled = (np.array(Image.open(folder / f"{image.stem}.png")) for folder in (tmp_path, predictions))
    changed = (plain != labelled).any(axis=2)
    assert plain.shape == labelled.shape
    assert 0 < changed.mean() < 0.5


@pytest.fixture
def evaluation(output):
    """The folder of the row's evaluation; what a test changes in it is put back."""
    (folder,) = output.glob("smoke/detector/*/inference/smoke_val")
    kept = {path: path.read_bytes() for path in folder.iterdir()}
    yield folder
    for path, content in kept.items():
        path.write_bytes(content)


def drawn(out):
    """What the last lines say of the pictures."""
    return re.search(r"(\d+) of them drawn \((.*)\)", out).groups()


def test_pictures_show_precise_detections(predict, evaluation, tmp_path):
    """Whose precision is at least 0.6 in the calibration of their category; the file has both scores of all."""
    steps = {"bounds": [0.0], "precisions": [0.1, 0.6]}
    names = {str(c): {"bounds": [], "precisions": [0.59]} for c in (2, 3, 4, 6, 7, 8, 18, 22, 28, 47, 88)}
    (evaluation / "calibration.json").write_text(json.dumps({"segm": {"0.5": {"1": steps, **names}}}))
    code, out, err = predict(*validation_images("smoke_val"), "--out", tmp_path)
    found = json.loads((tmp_path / "predictions.json").read_text())
    persons = [r for r in found if r["category_id"] == 1 and r["score"] > 0]
    assert (code, "ablations:" in err) == (0, False)
    assert drawn(out) == (str(len(persons)), "calibrated score of at least 0.6: precision at mask IoU 0.5")
    assert {r["calibrated_score"] for r in persons} <= {0.6}
    assert all(r["calibrated_score"] == 0.59 for r in found if r["category_id"] != 1)
    raw = predict(*validation_images("smoke_val"), "--out", tmp_path, "--score-threshold", "0.59")[1]
    assert drawn(raw)[0] == str(len(found) - sum(r["category_id"] == 1 and r["score"] <= 0 for r in found))


def test_raw_scores_on_request(predict, tmp_path):
    """With the threshold of raw scores; the file then has no calibrated ones."""
    _, out, err = predict(*validation_images("smoke_val"), "--out", tmp_path, "--raw-scores")
    found = json.loads((tmp_path / "predictions.json").read_text())
    assert drawn(out) == (str(sum(r["score"] >= 0.5 for r in found)), "score of at least 0.5")
    assert "calibrated_score" not in found[0]
    assert "ablations:" not in err


def test_a_row_from_before_there_were_calibrations(predict, evaluation, tmp_path):
    """Is calibrated by what was matched; without that scores are raw, which is said."""
    image = validation_images("smoke_val")[0]
    with_file = drawn(predict(image, "--out", tmp_path)[1])
    (evaluation / "calibration.json").unlink()
    assert drawn(predict(image, "--out", tmp_path)[1]) == with_file
    (evaluation / "matches.npz").unlink()
    code, out, err = predict(image, "--out", tmp_path)
    assert code == 0
    assert drawn(out)[1] == "score of at least 0.5"
    job = evaluation.parents[1].name
    assert f"ablations: scores are raw, not calibrated: the evaluation of {job} left no calibration by mask IoU" in err


def test_a_damaged_calibration_ends_the_command(predict, evaluation, tmp_path):
    """With the cure."""
    (evaluation / "calibration.json").write_text("{")
    assert "is no calibration of scores: remove it" in fails(
        predict(validation_images("smoke_val")[0], "--out", tmp_path)
    )


def test_images_of_one_name_have_pictures_of_two(predict, tmp_path):
    """images.json says which is whose; a camera's name is no config key."""
    paths = [tmp_path / name for name in ("x/IMG_1.PNG", "y/IMG_1.PNG")]
    for path in paths:
        path.parent.mkdir()
        shutil.copy(validation_images("smoke_val")[0], path)
    assert predict(*paths, "--out", tmp_path / "out", "--format", "jpg")[0] == 0
    images = json.loads((tmp_path / "out/images.json").read_text())["images"]
    assert [(i["file_name"], i["picture"]) for i in images] == [
        (str(paths[0]), "IMG_1.jpg"),
        (str(paths[1]), "IMG_1-2.jpg"),
    ]
    assert {p.name for p in (tmp_path / "out").glob("*.jpg")} == {"IMG_1.jpg", "IMG_1-2.jpg"}


@pytest.mark.parametrize("checkpoint", ["", "model_final.pth"])
def test_a_folder_and_a_checkpoint_stand_for_their_row(predictions, output, tmp_path, checkpoint):
    """They say themselves what they were trained with, and detect the same."""
    (folder,) = output.glob("smoke/detector/*")
    words = ["predict", folder / checkpoint, *validation_images("smoke_val"), "--out", tmp_path]
    assert cli.main([*map(str, words), "--score-threshold", "0"]) == 0
    assert (tmp_path / "predictions.json").read_bytes() == (predictions / "predictions.json").read_bytes()


def test_an_rpn_is_named_where_a_folder_does_not_say_it(predictions, output, tmp_path, capsys):
    """As after a training by hand; without it the error says so, and a row by name has its own."""
    (folder,), (rpn,) = (output.glob(f"smoke/{kind}/*") for kind in ("detector", "rpn"))
    mine = shutil.copytree(folder, tmp_path / "mine")
    config = (mine / "config.yaml").read_text()
    (mine / "config.yaml").write_text(re.sub("RPN_WEIGHTS: .*", "RPN_WEIGHTS: ''", config))
    words = [*map(str, validation_images("smoke_val")), "--out", str(tmp_path / "out"), "--score-threshold", "0"]
    with pytest.raises(SystemExit):
        cli.main(["predict", str(mine), *words])
    assert "does not say which RPN made its proposals" in capsys.readouterr().err
    assert cli.main(["predict", str(mine), *words, "--rpn", str(rpn)]) == 0
    assert (tmp_path / "out/predictions.json").read_bytes() == (predictions / "predictions.json").read_bytes()
    assert run(output, *words, "--rpn", rpn) == 2


def test_a_place_takes_no_overrides(output, capsys):
    """It says itself what it is."""
    (folder,) = output.glob("smoke/detector/*")
    with pytest.raises(SystemExit):
        cli.main(["predict", str(folder), "a.png", "SEED", "3"])
    assert "is a place, which says itself" in capsys.readouterr().err


def test_the_default_folder_is_beside_the_jobs(predict, output):
    """<output>/<scale>/predictions/<job>."""
    predict(validation_images("smoke_val")[0])
    (job,) = output.glob("smoke/detector/*")
    assert (output / "smoke/predictions" / job.name / "predictions.json").is_file()


def fails(result) -> str:
    """The one line with which a command on bad input ends, with exit code 2."""
    code, _, err = result
    lines = err.splitlines()
    assert code == 2
    assert len(lines) == 1
    assert lines[0].startswith("ablations: error: ")
    return lines[0]


def test_a_picture_never_overwrites_an_image(predict, tmp_path):
    """The folder of the images cannot be that of their pictures where names are equal."""
    path = shutil.copy(validation_images("smoke_val")[0], tmp_path / "a.png")
    before = path.read_bytes()
    assert "picture a.png would overwrite an image" in fails(predict(path, "--out", tmp_path))
    assert path.read_bytes() == before


def test_a_bad_image_ends_the_command_before_any_work(predict, tmp_path):
    """The good ones before it are not predicted."""
    (tmp_path / "bad.png").write_text("no image")
    out = tmp_path / "out"
    message = fails(predict(validation_images("smoke_val")[0], tmp_path / "bad.png", "--out", out))
    assert f"image '{tmp_path / 'bad.png'}' cannot be read" in message
    assert not out.exists()


def test_another_seed_is_not_trained(predict, tmp_path):
    """The RPN is there, the detector of this seed is not."""
    message = fails(predict(validation_images("smoke_val")[0], "--out", tmp_path / "out", "--seed", "1"))
    assert "has no trained detector at scale smoke, seed 1" in message
    assert "--seeds 1" in message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--score-threshold", "50"], "--score-threshold 50.0: must be from 0 to 1"),
        (["--calibration-iou", "1.5"], "--calibration-iou 1.5: must be from 0 to 1"),
        (["--calibration-iou", "0.3"], "IoU threshold 0.3 of a calibration: choose from 0.5, 0.55"),
        (["--seed", "-1"], "--seed -1: must be at least 0"),
        (["nobody.png"], "image 'nobody.png' is not there"),
    ],
)
def test_bad_arguments_are_named(predict, tmp_path, words, message):
    """One line and exit code 2."""
    assert message in fails(predict(validation_images("smoke_val")[0], *words, "--out", tmp_path / "out"))


def test_ctrl_c_leaves_no_results_of_a_part(predict, tmp_path, monkeypatch):
    """Exit code 130, and no predictions.json."""

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("ablations.predict.command.save_picture", interrupt)
    code, _, err = predict(validation_images("smoke_val")[0], "--out", tmp_path)
    assert code == 130
    assert "interrupted" in err
    assert not (tmp_path / "predictions.json").exists()
