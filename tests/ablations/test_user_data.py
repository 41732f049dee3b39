"""`--data`: what it says, what jobs are told, and which rows it leaves out."""

import ast

import pytest
import yaml

from ablations.jobs.plan import make_plan
from ablations.paper.tables import load_tables, select_rows
from ablations.user_data import fit_to_data, parse_data
from mask_rcnn_paper.coco.keypoints import MissingOptionError
from mask_rcnn_paper.data.validated import InvalidDatasetError
from tests.own_files import NAME, change_file, own_words, write_own


@pytest.fixture
def folder(tmp_path):
    return write_own(tmp_path / "data")


def values(data) -> dict:
    """The data's KEY VALUE pairs, read as a config reads them."""
    return {key: ast.literal_eval(value) for key, value in zip(data.opts[::2], data.opts[1::2], strict=True)}


def write_yaml(folder, **changes):
    """A YAML file in the data's folder; returns its path as text. None takes a key away."""
    content = {"name": NAME}
    content |= {split: {"annotations": f"{split}.json", "images": "images"} for split in ("train", "val")} | changes
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}))
    return str(path)


def test_the_short_form_names_files_and_folders(folder, monkeypatch):
    """Relative to the current folder; jobs are told absolute paths and what the files were."""
    monkeypatch.chdir(folder)
    data = parse_data(f"{NAME}=train.json:images,val.json:images")
    found = values(data)
    versions = found.pop("DATASETS.OWN.VERSIONS")
    places = {split: (f"{folder}/{split.lower()}.json", f"{folder}/images") for split in ("TRAIN", "VAL")}
    assert found == {"DATASETS.OWN.NAME": NAME} | {f"DATASETS.OWN.{split}": place for split, place in places.items()}
    assert data.name == NAME
    assert len(versions) == 2
    assert all(v.startswith("sha256:") for v in versions)


def test_a_yaml_says_the_same_and_the_options(folder):
    """Paths start from its own folder."""
    assert parse_data(write_yaml(folder)) == parse_data(own_words(folder))
    options = {"keypoint_names": ["a", "b"], "flip_pairs": [["a", "b"]], "oks_sigmas": [0.1, 0.2]}
    found = values(parse_data(write_yaml(folder, **options)))
    keys = ("DATASETS.OWN.KEYPOINT_NAMES", "DATASETS.OWN.KEYPOINT_FLIP_PAIRS", "TEST.KEYPOINT_OKS_SIGMAS")
    assert [found[key] for key in keys] == list(options.values())


@pytest.mark.parametrize(
    "text",
    ["x", "x=a.json", "x=a.json:b", "x=a.json:b,c.json", "x=a.json:b,:d", "x=a:b,c:d,e:f", "a.json:b,c.json:d"],
)
def test_other_forms_are_refused(text):
    """The message shows both forms."""
    with pytest.raises(ValueError, match=r"--data '.*': give NAME=train.json:train_images,val.json.* or a .yaml file"):
        parse_data(text)


@pytest.mark.parametrize(
    "words, message",
    [
        ("9={0}/train.json:{0}/images,{0}/val.json:{0}/images", "name of data '9'"),
        ("smoke={0}/train.json:{0}/images,{0}/val.json:{0}/images", "'smoke_train' is registered already"),
        ("x={0}/none.json:{0}/images,{0}/val.json:{0}/images", "none.json' of the train data does not exist"),
        ("x={0}/train.json:{0}/images,{0}/val.json:{0}/none", "image folder '.*/none' of the val data does not exist"),
        ("{0}/none.yaml", "none.yaml' does not exist; give NAME="),
    ],
)
def test_bad_names_and_missing_files_are_named(folder, words, message):
    """Before anything is read."""
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        parse_data(words.format(folder))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"val": None}, "own.yaml: val missing"),
        ({"sigmas": [1]}, "unknown key sigmas: choose from flip_pairs, keypoint_names, name, oks_sigmas, train, val"),
        ({"train": "train.json"}, "own.yaml: train is 'train.json', not a mapping"),
        ({"train": {"annotations": "a"}}, "own.yaml: train: images missing"),
        ({"oks_sigmas": 0.1}, "own.yaml: oks_sigmas is 0.1, not a list"),
        ({"oks_sigmas": ["a"]}, "own.yaml: oks_sigmas, number 1 is 'a', not a number"),
        ({"oks_sigmas": [-1.0]}, "own.yaml: oks_sigmas, number 1 is -1.0, Input should be greater than 0"),
        ({"flip_pairs": [5]}, "own.yaml: flip_pairs, number 1 is 5, not a list"),
        ({"keypoint_names": [1]}, "own.yaml: keypoint_names, number 1 is 1, not text"),
        ({"name": 7}, "name of data 7"),
    ],
)
def test_wrong_keys_of_the_yaml_are_named(folder, changes, message):
    """File, key, and the legal ones."""
    with pytest.raises(ValueError, match=message):
        parse_data(write_yaml(folder, **changes))


def test_what_is_no_yaml_is_refused(folder):
    """In one message with the file."""
    path = folder / "own.yaml"
    path.write_text("name: [x\n")
    with pytest.raises(ValueError, match="own.yaml is not YAML"):
        parse_data(str(path))


def fit(folder, *ids, scale="mini", opts=(), to_run=True):
    """Data and tables of these ids."""
    tables = [load_tables()[i] for i in ids]
    data = parse_data(own_words(folder))
    return data, fit_to_data(tables, data, scale, opts, select_rows(tables, []), to_run)


def test_without_data_there_is_nothing_to_parse():
    """No files are asked for."""
    assert parse_data(None) is None


def test_rows_that_lack_masks_or_keypoints_are_left_out(folder):
    """They keep their place in the table, with the reason; the others stay."""
    masks, keypoints = fit(folder, "2b", "5")[1]
    assert masks == load_tables()["2b"]
    for row in (row for row in keypoints.rows if row.origin == "this_paper"):
        assert row.config == ""
        assert row.why_not_run == "not for this data: needs keypoints, and train.json has none"


def test_options_of_keypoints_are_asked_for_where_rows_are_to_be_run(tmp_path):
    """Elsewhere the row has the reason in short."""
    folder = write_own(
        tmp_path / "data", lambda data: data["categories"][0].update(keypoints=["a", "b", "c"]), keypoints=True
    )
    for split in ("train", "val"):
        change_file(folder / f"{split}.json", lambda data: data["categories"][0].pop("flip_pairs"))
    with pytest.raises(MissingOptionError, match="give flip_pairs in the data's YAML"):
        fit(folder, "6")
    (table,) = fit(folder, "6", to_run=False)[1]
    assert table.rows[0].why_not_run == "not for this data: its keypoints need flip_pairs, see `run`"


def test_data_with_errors_is_refused_before_anything_is_run(folder):
    """The whole check, unless errors are to be skipped; showing what there is needs none."""
    change_file(folder / "train.json", lambda data: data["annotations"][0].update(bbox=[70, 70, 5, 5]))
    with pytest.raises(InvalidDatasetError, match="has an error: annotation 1 .*rule bbox-outside"):
        fit(folder, "2b")
    fit(folder, "2b", opts=("DATASETS.SKIP_INVALID", "True"))
    fit(folder, "2b", to_run=False)


def plan(folder, tmp_path, ids=("2b",), data=True):
    """The plan of some tables on the data, or on the scale's own."""
    own, tables = fit(folder, *ids) if data else (None, [load_tables()[i] for i in ids])
    rows = {key: row for key, row in select_rows(tables, []).items() if row.config}
    return make_plan(rows, [0], "mini", tmp_path, user_data=own)


def test_every_job_but_pretraining_is_told_of_the_data(folder, tmp_path):
    """Pre-training does not see it, and is that of the generated data; folders bear the data's name."""
    planned = plan(folder, tmp_path)
    pretrain, rpn, *detectors = planned.jobs.values()
    assert planned.user_data == NAME
    assert pretrain.identity in plan(folder, tmp_path, data=False).jobs
    opts = parse_data(own_words(folder)).opts
    assert not set(opts[::2]) & set(pretrain.options)
    assert pretrain.user_data == ""
    for job in (rpn, *detectors):
        assert job.options[-len(opts) :] == opts
        assert job.user_data == NAME
        assert job.folder.path.parent.parent == tmp_path / "mini" / NAME
    assert rpn.data == f"{NAME}_train -> {NAME}_train, {NAME}_val"
    assert detectors[0].data == f"{NAME}_train -> {NAME}_val"


def test_own_data_shares_no_detector_with_the_paper_s(folder, tmp_path):
    """Nor with the same data after a change; moved data are the same."""
    before = set(plan(folder, tmp_path).jobs)
    assert len(before & set(plan(folder, tmp_path, data=False).jobs)) == 1
    moved = folder.rename(tmp_path / "moved")
    assert set(plan(moved, tmp_path).jobs) == before
    change_file(moved / "val.json", lambda data: data["annotations"][0].update(area=401))
    assert len(before & set(plan(moved, tmp_path).jobs)) == 1


def test_stored_proposals_fit_detectors(folder, tmp_path):
    """A detector gets the proposals that its RPN stored of the own data."""
    _, rpn, detector, _ = plan(folder, tmp_path).jobs.values()
    for split in ("TRAIN", "TEST"):
        files = ast.literal_eval(detector.options[detector.options.index(f"DATASETS.PROPOSAL_FILES_{split}") + 1])
        name = f"{NAME}_{'train' if split == 'TRAIN' else 'val'}"
        assert files == (f"{rpn.folder.path}/inference/{name}/box_proposals.npz",)


def test_columns_of_persons_are_headed_as_what_they_hold(tmp_path):
    """All classes of the data, unless persons are all that it has; other tables keep their headers."""
    (table,) = fit(write_own(tmp_path / "many"), "5", to_run=False)[1]
    assert [metric.printed for metric in table.metrics] == ["AP^bb", "AP^mask", "AP^kp"]

    def persons(data):
        data["categories"] = [{**data["categories"][0], "name": "person"}]
        data["annotations"] = [a for a in data["annotations"] if a["category_id"] == data["categories"][0]["id"]]

    (table,) = fit(write_own(tmp_path / "persons", persons), "5", to_run=False)[1]
    assert table.metrics == load_tables()["5"].metrics
