"""What training and evaluation do with data that has errors."""

import json
import logging

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import register_coco_instances

from mask_rcnn_paper.data import validated as checked
from mask_rcnn_paper.data.validated import InvalidDatasetError, require_valid, training_sets
from mask_rcnn_paper.generated.cache import CACHE_VARIABLE
from mask_rcnn_paper.scales import load_cfg
from tests.validate_dataset.cases import run_lengths, valid_data, write_images

NAME = "checked_own"


@pytest.fixture
def own(tmp_path):
    """A function that registers data as a dataset and returns its annotation file."""
    images = write_images(tmp_path / "images")
    path = tmp_path / "own.json"

    def write(data: dict):
        path.write_text(json.dumps(data))
        return path

    write(valid_data())
    register_coco_instances(NAME, {}, str(path), str(images))
    yield write
    DatasetCatalog.remove(NAME)
    MetadataCatalog.remove(NAME)


def config(*opts: str, row: str = "table2b/sigmoid.yaml"):
    """A row that trains and tests on the own dataset."""
    own = ("DATASETS.TRAIN", f"('{NAME}',)", "DATASETS.TEST", f"('{NAME}',)", "MODEL.LOAD_PROPOSALS", "False")
    return load_cfg(row, "smoke", (*own, *opts))


SKIP = ("DATASETS.SKIP_INVALID", "True")


def training_dicts(cfg) -> list[dict]:
    """Samples of all training sets."""
    return [sample for samples in training_sets(cfg) for sample in samples]


def refused(function, *args) -> str:
    """The message with which data is refused."""
    with pytest.raises(InvalidDatasetError) as info:
        function(*args)
    return str(info.value)


def broken(**fields) -> dict:
    """Data whose third annotation, the only one of image 2 that is no group, has other values."""
    data = valid_data()
    data["annotations"][2].update(fields)
    return data


def test_valid_data_is_used(own):
    """All images and annotations, in detectron2's format."""
    dicts = training_dicts(config())
    assert [(d["image_id"], len(d["annotations"])) for d in dicts] == [(1, 2), (2, 2)]
    require_valid(config(), NAME)


def test_training_refuses(own, tmp_path):
    """The message names dataset, file, annotation, field, rule, cure, command and key."""
    path = own(broken(bbox=[50, 50, 5, 5]))
    message = refused(training_dicts, config())
    assert message.startswith(
        f"dataset '{NAME}', {path}, has an error: annotation 3 (image 2), bbox=[50, 50, 5, 5] lies"
    )
    for part in ("rule bbox-outside: correct the box", "or set DATASETS.SKIP_INVALID True"):
        assert part in message
    assert f"`python -m mask_rcnn_paper.validate_dataset {path} {tmp_path / 'images'}`" in message
    assert "\n" not in message


def test_training_skips_if_told_to(own, caplog):
    """What has errors is left out, images without anything else go too, and one line counts it."""
    data = broken(category_id=5)
    data["annotations"][0]["bbox"] = [1, 2]
    own(data)
    with caplog.at_level(logging.WARNING, "detectron2.mask_rcnn_paper"):
        dicts = training_dicts(config(*SKIP))
    assert [(d["image_id"], [a["bbox"] for a in d["annotations"]]) for d in dicts] == [(1, [[40, 5, 20, 25]])]
    (record,) = [r for r in caplog.records if r.name == "detectron2.mask_rcnn_paper"]
    assert f"{NAME}: left out 2 annotations" in record.message
    assert "(bbox-numbers 1, category-unknown 1)" in record.message


def test_images_that_are_not_there_are_skipped(own, tmp_path, caplog):
    """With a missing and an empty image, their annotations go too; both are counted."""
    (tmp_path / "images" / "b.png").unlink()
    assert "rule image-missing" in refused(training_dicts, config())
    checked._errors_of.cache_clear()
    (tmp_path / "images" / "b.png").write_bytes(b"")
    assert "rule image-zero-bytes" in refused(training_dicts, config())
    assert [d["image_id"] for d in training_dicts(config(*SKIP))] == [1]
    assert "left out 2 annotations and 1 images" in caplog.text


def test_skipping_leaves_the_catalogue_alone(own):
    """The dataset is the registered one again afterwards."""
    own(broken(area=0))
    load = DatasetCatalog[NAME]
    assert [len(d["annotations"]) for d in training_dicts(config(*SKIP))] == [2]
    assert DatasetCatalog[NAME] is load
    assert [len(d["annotations"]) for d in DatasetCatalog.get(NAME)] == [2, 2]


def test_errors_of_the_whole_file_cannot_be_skipped(own):
    """A category without a name, or no JSON at all, ends the run with SKIP_INVALID too."""
    data = valid_data()
    del data["categories"][1]["name"]
    own(data)
    message = refused(training_dicts, config(*SKIP))
    assert "rule category-name" in message
    assert "SKIP_INVALID" not in message
    own({})
    assert "rule section-missing" in refused(training_dicts, config(*SKIP))


def test_missing_info_is_nothing_to_skip(own, caplog):
    """Training does not need `info`; nothing is left out."""
    data = valid_data()
    del data["info"]
    own(data)
    assert "info" in refused(training_dicts, config())
    assert len(training_dicts(config(*SKIP))) == 2
    assert "left out" not in "".join(r.message for r in caplog.records if r.name == "detectron2.mask_rcnn_paper")


def test_boxes_without_area_are_left_out_by_the_mapper(own):
    """COCO's training set has two: it may be used, also to store proposals for it; other test sets are refused."""
    own(broken(bbox=[5, 5, 10, 0], area=0))
    assert len(training_dicts(config())) == 2
    other = config("DATASETS.TRAIN", "('smoke_train',)")
    assert "rule bbox-degenerate" in refused(require_valid, other, NAME)
    require_valid(config(), NAME)
    own(broken(bbox=[5, 5, 10, -1]))
    assert "rule bbox-degenerate" in refused(training_dicts, config())


def test_cocos_own_annotations_without_area_may_be_used(own):
    """Number 918 of train2017, whose outline, box and area are all of a line, and nothing but this is of it."""
    line = [[10.0, 15.5, 10.0, 15.5, 11.03, 15.5, 11.03, 15.5]]
    own(broken(segmentation=line, bbox=[10.0, 15.5, 1.03, 0.0], area=0.0))
    assert len(training_dicts(config())) == 2


def test_evaluation_never_skips(own):
    """A test set with errors is refused whatever SKIP_INVALID says, and the key is not offered."""
    path = own(broken(bbox=[50, 50, 5, 5]))
    message = refused(require_valid, config(*SKIP), NAME)
    for part in (str(path), "annotation 3", "bbox=[50, 50, 5, 5]", "rule bbox-outside", "validate_dataset", "--fix"):
        assert part in message
    assert "SKIP_INVALID" not in message


def test_a_test_set_needs_no_annotations(own):
    """COCO's test-dev has none: it is predicted on."""
    data = valid_data()
    del data["annotations"]
    own(data)
    require_valid(config(), NAME)
    assert "section-missing" in refused(training_dicts, config())


def test_the_mask_format_counts_where_masks_are_trained(own):
    """Run lengths are refused under MASK_FORMAT polygon alone, and never in evaluation."""
    own(broken(segmentation=run_lengths(40, 40, slice(5, 25), slice(5, 15))))
    assert "rule rle-mask-format" in refused(training_dicts, config())
    assert training_dicts(config("INPUT.MASK_FORMAT", "bitmask"))
    assert training_dicts(config("MODEL.MASK_ON", "False"))
    require_valid(config(), NAME)


def test_keypoints_count_where_they_are_trained(own):
    """A mixture with and without keypoints matters to models with keypoints alone."""
    own(broken(keypoints=[1, 1, 2], num_keypoints=1))
    assert training_dicts(config())
    cfg = config("MODEL.KEYPOINT_ON", "True")
    assert "rule keypoints-missing" in refused(training_dicts, cfg)
    assert refused(require_valid, cfg, NAME)


def test_a_file_is_checked_once(own, monkeypatch):
    """A second look at the same file reads nothing; a changed file is checked again."""
    cfg = config()
    training_dicts(cfg)
    with monkeypatch.context() as context:
        context.setattr(checked, "check_coco", lambda *args: pytest.fail("the file was checked again"))
        training_dicts(cfg)
    own(broken(bbox=[50, 50, 5, 5]))
    refused(training_dicts, cfg)


@pytest.fixture
def next_process(tmp_path, monkeypatch):
    """A function that forgets what this process has found; attribute `checks`: files that were checked, from then on.

    The cache is an empty one.
    """
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    check_coco, checks = checked.check_coco, []

    def counted(file, checker):
        checks.append(file)
        return check_coco(file, checker)

    def call():
        checked._errors_of.cache_clear()
        checks.clear()

    monkeypatch.setattr(checked, "check_coco", counted)
    call.checks = checks
    call()
    return call


def test_another_process_does_not_check_again(own, next_process):
    """Of what was found valid by an earlier one, for the same masks; then it is checked for the others too."""
    path = own(valid_data())
    training_dicts(config())
    assert next_process.checks == [path]
    next_process()
    training_dicts(config())
    assert not next_process.checks
    training_dicts(config("INPUT.MASK_FORMAT", "bitmask"))
    assert next_process.checks == [path]


def test_recorded_errors_are_refused_as_they_were_found(own, next_process):
    """With the same message, without another check; a corrected file is checked, and used."""
    data = broken(bbox=[50, 50, 5, 5])
    data["annotations"][0]["bbox"] = [1, 2]
    path = own(data)
    first = refused(training_dicts, config())
    assert "has 2 errors: annotation 1 (image 1), bbox=[1, 2] must be" in first
    next_process()
    assert refused(training_dicts, config()) == first
    assert not next_process.checks
    own(valid_data())
    assert training_dicts(config())
    assert next_process.checks == [path]


def test_recorded_errors_that_the_mapper_leaves_out_are_no_errors(own, next_process):
    """COCO's training set is used without another check, and a test set with them still refused."""
    own(broken(bbox=[5, 5, 10, 0], area=0))
    other = config("DATASETS.TRAIN", "('smoke_train',)")
    for _ in range(2):
        assert len(training_dicts(config())) == 2
        require_valid(config(), NAME)
        assert "rule bbox-degenerate" in refused(require_valid, other, NAME)
        checks = list(next_process.checks)
        next_process()
    assert not checks


def test_images_that_are_gone_are_found_by_the_next_process(own, next_process, tmp_path):
    """Though the file that lists them is as it was; nothing is recorded of them."""
    training_dicts(config())
    image = tmp_path / "images" / "b.png"
    image.rename(tmp_path / "b.png")
    next_process()
    assert "rule image-missing" in refused(training_dicts, config())
    (tmp_path / "b.png").rename(image)
    next_process()
    assert training_dicts(config())
    assert not next_process.checks


def test_errors_of_images_are_not_recorded(own, next_process, tmp_path):
    """An image that is put in its place is found by the next process."""
    image = tmp_path / "images" / "b.png"
    image.rename(tmp_path / "b.png")
    assert "rule image-missing" in refused(training_dicts, config())
    (tmp_path / "b.png").rename(image)
    next_process()
    assert training_dicts(config())


@pytest.mark.parametrize("metadata", [{"evaluator_type": "lvis"}, {"json_file": None}])
def test_other_formats_are_not_checked(own, metadata):
    """Datasets without a COCO file are taken as they are."""
    own(broken(iscrowd=5))
    kept = MetadataCatalog.pop(NAME).as_dict() | metadata
    MetadataCatalog.get(NAME).set(**{k: v for k, v in kept.items() if v is not None and k != "name"})
    require_valid(config(), NAME)


@pytest.mark.parametrize("row, name", [("table2b/sigmoid.yaml", "smoke"), ("table6/roialign.yaml", "smoke_keypoints")])
def test_generated_data_has_no_errors(row, name):
    """Instances and keypoints are fit for training and evaluation; they are drawn where they are not there yet."""
    cfg = load_cfg(row, "smoke", ("MODEL.LOAD_PROPOSALS", "False"))
    assert list(cfg.DATASETS.TRAIN) == [f"{name}_train"]
    assert training_dicts(cfg)
    require_valid(cfg, f"{name}_val")
    assert MetadataCatalog.get(f"{name}_val").json_file
