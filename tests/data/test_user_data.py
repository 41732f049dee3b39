"""What a config takes from the user's own data, and how these are registered."""

import shutil

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.detection_utils import create_keypoint_hflip_indices

from mask_rcnn_paper.coco.keypoints import MissingOptionError
from mask_rcnn_paper.data.user_data import DataLacksError
from mask_rcnn_paper.data.validated import InvalidDatasetError, training_sets
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash
from tests.own_files import NAME, change_file, own_opts, write_own
from tests.validate_dataset.cases import run_lengths

TRAIN, VAL = f"{NAME}_train", f"{NAME}_val"
MASKS, KEYPOINTS, RPN = "table2b/sigmoid.yaml", "table6/roialign.yaml", "rpn/r50_c4.yaml"
SIGMAS = ("TEST.KEYPOINT_OKS_SIGMAS", "[0.03, 0.03, 0.03]")


@pytest.fixture
def folder(tmp_path):
    return write_own(tmp_path / "data")


@pytest.fixture
def people(tmp_path):
    """Data with three keypoints; the names and the flip pairs are in the file, the sigmas are COCO's."""
    return write_own(tmp_path / "people", keypoints=True)


def test_without_own_data_nothing_changes():
    """Configs and their identities are those of the paper's data."""
    cfg = load_cfg(MASKS, "mini")
    assert cfg.DATASETS.TRAIN == ("mini_train",)
    assert cfg.DATASETS.OWN.NAME == ""
    assert cfg.DATASETS.OWN.VERSIONS == ()


@pytest.mark.parametrize("scale", ["paper", "mini"])
def test_a_detector_trains_on_train_and_tests_on_val(folder, scale):
    """With a class for every category of the file, at any scale."""
    cfg = load_cfg(MASKS, scale, own_opts(folder))
    assert (cfg.DATASETS.TRAIN, cfg.DATASETS.TEST) == ((TRAIN,), (VAL,))
    assert cfg.MODEL.ROI_HEADS.NUM_CLASSES == 2
    assert cfg.INPUT.MASK_FORMAT == "polygon"


@pytest.mark.parametrize(
    "row, head", [("tableTM-4/retinanet_72.yaml", "RETINANET"), ("tableTM-4/tensormask.yaml", "TENSOR_MASK")]
)
def test_single_stage_models_have_the_classes_of_the_file(folder, row, head):
    """Under keys of their own, which other rows leave alone."""
    assert load_cfg(row, "mini", own_opts(folder)).MODEL[head].NUM_CLASSES == 2
    assert load_cfg(MASKS, "mini", own_opts(folder)).MODEL[head].NUM_CLASSES == 80


def test_an_rpn_tests_on_both(folder):
    """It stores proposals for training and for testing detectors."""
    assert load_cfg(RPN, "mini", own_opts(folder)).DATASETS.TEST == (TRAIN, VAL)


def test_person_only_rows_take_all_categories(people):
    """The paper's single class becomes the file's two; schedule and other keys stay the row's."""
    cfg = load_cfg("table5/mask_only.yaml", "mini", own_opts(people))
    assert cfg.MODEL.ROI_HEADS.NUM_CLASSES == 2
    assert cfg.DATASETS.KEYPOINT_IMAGES_ONLY


def test_what_the_user_gives_wins(folder):
    """KEY VALUE pairs are left alone."""
    given = ("MODEL.ROI_HEADS.NUM_CLASSES", "5", "DATASETS.TEST", f"('{TRAIN}',)")
    cfg = load_cfg(MASKS, "mini", own_opts(folder, *given))
    assert cfg.MODEL.ROI_HEADS.NUM_CLASSES == 5
    assert cfg.DATASETS.TEST == (TRAIN,)
    assert cfg.DATASETS.TRAIN == (TRAIN,)


@pytest.mark.parametrize("config", ["table9/data_distillation.yaml", "distill/kp_x101_fpn.yaml"])
def test_a_teacher_needs_images_without_labels(folder, config):
    """Own data has none: a student would see the labelled ones alone, and a teacher annotate those of validation."""
    with pytest.raises(DataLacksError, match="needs images without labels, and the data has none"):
        load_cfg(config, "mini", own_opts(folder))


def test_run_lengths_train_as_bitmasks(folder):
    """Where a mask of the training file is run lengths; the data is then valid for training."""

    def encode(data):
        data["annotations"][0]["segmentation"] = run_lengths(48, 64, slice(10, 30), slice(10, 30))

    change_file(folder / "val.json", encode)
    assert load_cfg(MASKS, "mini", own_opts(folder)).INPUT.MASK_FORMAT == "polygon"
    change_file(folder / "train.json", encode)
    cfg = load_cfg(MASKS, "mini", own_opts(folder, "MODEL.LOAD_PROPOSALS", "False"))
    assert cfg.INPUT.MASK_FORMAT == "bitmask"
    assert len(training_sets(cfg)[0]) == 2


def test_the_data_is_registered_with_its_classes(folder):
    """Loading gives detectron2's samples; classes and ids are known before."""
    load_cfg(MASKS, "mini", own_opts(folder))
    metadata = MetadataCatalog.get(VAL)
    assert metadata.thing_classes == ["person", "dog"]
    assert metadata.evaluator_type == "coco"
    assert metadata.thing_dataset_id_to_contiguous_id == {1: 0, 7: 1}
    assert metadata.json_file == str(folder / "val.json")
    assert not hasattr(metadata, "keypoint_names")
    assert [len(d["annotations"]) for d in DatasetCatalog.get(TRAIN)] == [2, 2]


def test_relative_paths_start_from_the_current_folder(folder, monkeypatch):
    """They become absolute, so that another process finds the files."""
    monkeypatch.chdir(folder)
    opts = [text.replace(f"{folder}/", "") for text in own_opts(folder)]
    cfg = load_cfg(MASKS, "mini", opts)
    assert tuple(cfg.DATASETS.OWN.TRAIN) == (str(folder / "train.json"), str(folder / "images"))


def test_keypoints_come_from_the_file(people):
    """Number, names, flip map as detectron2 expects it, and COCO's sigmas by name."""
    cfg = load_cfg(KEYPOINTS, "mini", own_opts(people))
    assert cfg.MODEL.ROI_KEYPOINT_HEAD.NUM_KEYPOINTS == 3
    assert cfg.TEST.KEYPOINT_OKS_SIGMAS == [0.026, 0.025, 0.025]
    metadata = MetadataCatalog.get(TRAIN)
    assert metadata.keypoint_names == ["nose", "left_eye", "right_eye"]
    assert metadata.keypoint_flip_map == [("left_eye", "right_eye")]
    assert list(create_keypoint_hflip_indices([TRAIN])) == [0, 2, 1]


def test_options_say_what_the_file_does_not(people):
    """Names, flip pairs and sigmas of the options win over the file's."""
    options = ("DATASETS.OWN.KEYPOINT_NAMES", "['a', 'b', 'c']", "DATASETS.OWN.KEYPOINT_FLIP_PAIRS", "[['a', 'c']]")
    cfg = load_cfg(KEYPOINTS, "mini", own_opts(people, *options, *SIGMAS))
    assert cfg.TEST.KEYPOINT_OKS_SIGMAS == [0.03, 0.03, 0.03]
    assert list(create_keypoint_hflip_indices([TRAIN])) == [2, 1, 0]


def test_missing_options_are_asked_for(people):
    """Names, flip pairs, sigmas, in rows with keypoints alone."""

    def rename(data):
        data["categories"][0] |= {"keypoints": ["a", "b", "c"], "flip_pairs": []}

    for split in ("train", "val"):
        change_file(people / f"{split}.json", rename)
    load_cfg(MASKS, "mini", own_opts(people))
    found = []
    for options in ((), ("DATASETS.OWN.KEYPOINT_FLIP_PAIRS", "[]")):
        with pytest.raises(MissingOptionError) as info:
            load_cfg(KEYPOINTS, "mini", own_opts(people, *options))
        found.append(info.value.option)
    change_file(people / "train.json", lambda data: data["categories"][0].pop("keypoints"))
    with pytest.raises(MissingOptionError, match="train.json' have no names: give keypoint_names"):
        load_cfg(KEYPOINTS, "mini", own_opts(people))
    assert found == ["flip_pairs", "oks_sigmas"]


@pytest.mark.parametrize(
    "row, what", [(KEYPOINTS, "keypoints"), ("table5/faster_rcnn.yaml", "keypoints"), (MASKS, "masks")]
)
def test_what_the_data_lacks_is_named(folder, row, what):
    """Rows with keypoints, rows that train on images with keypoints, rows with masks; for others boxes are enough."""

    def strip(data):
        for annotation in data["annotations"]:
            annotation.pop("segmentation")

    change_file(folder / "val.json", strip)
    with pytest.raises(DataLacksError, match=rf"needs {what}, and (train|val).json has none"):
        load_cfg(row, "mini", own_opts(folder))
    load_cfg("table3/faster_r101_fpn.yaml", "mini", own_opts(folder))


def identity(folder, *opts, row=MASKS, name=NAME):
    return config_hash(load_cfg(row, "mini", own_opts(folder, *opts, name=name)))


def test_the_content_of_the_files_is_part_of_the_identity(folder):
    """A changed byte in either file is another experiment; so is another name, and the paper's data."""
    before = {identity(folder), identity(folder, name="other"), config_hash(load_cfg(MASKS, "mini"))}
    change_file(folder / "val.json", lambda data: data["annotations"][0].update(area=401))
    after = {identity(folder)}
    change_file(folder / "train.json", lambda data: data["annotations"][0].update(area=401))
    assert len(before | after | {identity(folder)}) == 5


def test_the_place_of_the_files_is_not_part_of_the_identity(folder, tmp_path):
    """Moved data keep their results."""
    before = identity(folder)
    shutil.move(folder, tmp_path / "moved")
    assert identity(tmp_path / "moved") == before


def test_options_of_keypoints_are_part_of_rows_with_keypoints_alone(people):
    """Sigmas that are found later do not make results of masks stale."""
    assert identity(people, *SIGMAS) == identity(people)
    assert identity(people, *SIGMAS, row=KEYPOINTS) != identity(people, row=KEYPOINTS)


def test_files_that_changed_since_they_were_planned_are_refused(folder):
    """VERSIONS that are given must be those of the files; a resolved config can be read again."""
    versions = repr(load_cfg(MASKS, "mini", own_opts(folder)).DATASETS.OWN.VERSIONS)
    load_cfg(MASKS, "mini", own_opts(folder, "DATASETS.OWN.VERSIONS", versions))
    change_file(folder / "val.json", lambda data: data["annotations"][0].update(area=401))
    with pytest.raises(ValueError, match="val.json' is sha256:.*VERSIONS says sha256:.*has changed since"):
        load_cfg(MASKS, "mini", own_opts(folder, "DATASETS.OWN.VERSIONS", versions))


def test_categories_must_agree(folder):
    """The message names the differing ones, or those whose ids differ."""
    change_file(folder / "val.json", lambda data: data["categories"][1].update(name="wolf"))
    with pytest.raises(ValueError, match="same categories: only in train: dog; only in val: wolf"):
        load_cfg(MASKS, "mini", own_opts(folder))
    change_file(folder / "val.json", lambda data: data["categories"][1].update(name="dog", id=8))
    with pytest.raises(ValueError, match="same categories: other ids of dog"):
        load_cfg(MASKS, "mini", own_opts(folder))


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("NAME", "9lives", "name of data '9lives': use letters, digits"),
        ("NAME", "a/b", "name of data 'a/b': use letters"),
        ("NAME", "mini", "dataset 'mini_train' is registered already; choose another name"),
        ("NAME", "coco_2017", "dataset 'coco_2017_train' is registered already"),
        ("NAME", "", "TRAIN and .VAL need a name"),
        ("VAL", "()", r"DATASETS.OWN.VAL=\(\): give an annotation file and an image folder"),
        ("VAL", "('none.json', '.')", "none.json' of the val data does not exist"),
        ("TRAIN", "('{folder}/train.json', '{folder}/none')", "image folder '.*none' of the train data does not exist"),
    ],
)
def test_wrong_keys_are_one_message(folder, key, value, message):
    """What is wrong, where, and what would be right."""
    opts = own_opts(folder, f"DATASETS.OWN.{key}", value.replace("{folder}", str(folder)))
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        load_cfg(MASKS, "mini", opts)


def test_data_with_errors_is_refused_with_its_command(folder):
    """As every dataset is: `validate_dataset` on the user's paths is in the message."""
    change_file(folder / "train.json", lambda data: data["annotations"][0].update(bbox=[70, 70, 5, 5]))
    cfg = load_cfg(MASKS, "mini", own_opts(folder, "MODEL.LOAD_PROPOSALS", "False"))
    with pytest.raises(InvalidDatasetError, match=f"validate_dataset {folder}/train.json {folder}/images`"):
        training_sets(cfg)
