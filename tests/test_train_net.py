"""train_net.py from the outside: whole runs at smoke scale, and bad input."""

import json

import pytest
import torch
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.datasets import register_coco_instances

from mask_rcnn_paper.coco.matches import load_matches
from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.stages import matches_file
from mask_rcnn_paper.training.result_file import RESULT_FILE, config_hash
from tests.own_files import NAME, own_opts, write_own
from tests.train import ALL_SCORES, run

ROW = "table2b/sigmoid.yaml"
RPN_COMMAND = "train_net.py --config-file configs/rpn/r50_c4.yaml --scale smoke"
E2E = ["MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN", "STAGES.PRETRAIN", "False"]
E2E += ["STAGES.RPN", ""]


def fails(capsys, *args, **kwargs) -> str:
    """The one line with which a run on bad input ends; exit code 2 and nothing left behind is checked here."""
    with pytest.raises(SystemExit) as exit_info:
        run(*args, **kwargs)
    assert exit_info.value.code == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("train_net.py: error: ")]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("row", ["table2b/sigmoid.yaml", "table2a/r50_fpn.yaml", "table2d/roialign.yaml"])
def test_rows_train_end_to_end_too(row, tmp_path):
    """Without stored proposals, with the RPN inside the model."""
    run(row, tmp_path, *E2E, *ALL_SCORES)
    result = read_json(tmp_path / RESULT_FILE)
    assert {"bbox", "segm"} <= set(result["metrics"])
    assert result["time"]["iteration"] > 0
    assert set(load_matches(matches_file(tmp_path, "smoke_val"))) == {"bbox", "segm"}


def test_the_same_seed_gives_the_same_weights(tmp_path):
    """Two runs with one seed end with bitwise equal parameters; another seed does not."""
    weights = []
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        run(ROW, tmp_path / name, *E2E, "SEED", seed)
        model = torch.load(tmp_path / name / "model_final.pth", weights_only=False)["model"]
        weights.append(model["roi_heads.mask_head.predictor.weight"])
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_eval_only_reproduces_the_metrics(tmp_path):
    """--eval-only on the final checkpoint gives the metrics of the run."""
    run(ROW, tmp_path, *E2E)
    first = json.dumps(read_json(tmp_path / RESULT_FILE)["metrics"])
    run(ROW, tmp_path, *E2E, "MODEL.WEIGHTS", f"{tmp_path}/model_final.pth", flags=("--eval-only",))
    assert json.dumps(read_json(tmp_path / RESULT_FILE)["metrics"]) == first


def test_a_checkpoint_holds_nothing_of_its_provider(tmp_path):
    """Tensors, numbers and containers, under detectron2's keys: what either provider, and any torch, reads again."""
    run(ROW, tmp_path, *E2E)
    path = tmp_path / "model_final.pth"
    found = torch.load(path, weights_only=True)
    assert set(found) == {"model", "trainer", "iteration", "experiment"}
    assert found["iteration"] == 1
    assert {type(value) for value in found["model"].values()} == {torch.Tensor}
    trainer = found["trainer"]
    assert set(trainer) == {"iteration", "hooks", "_trainer"}
    assert "optimizer" in trainer["_trainer"]
    assert set(trainer["hooks"]["LRScheduler"]) == {"base_lrs", "last_epoch"}


def test_a_run_goes_on_from_its_checkpoint(tmp_path):
    """With --resume two iterations become four, and momentum and schedule go on; it needs no hook's state.

    A checkpoint that does not say which config it is of, as of earlier versions, is resumed from by any.
    """
    run(ROW, tmp_path, *E2E)
    path = tmp_path / "model_final.pth"
    found = torch.load(path, weights_only=True)
    del found["experiment"]
    hooks = found["trainer"]["hooks"]
    found["trainer"]["hooks"] = {"LRScheduler": hooks["LRScheduler"], "NobodysHook": {"a": 1}}
    torch.save(found, path)
    run(ROW, tmp_path, *E2E, "SOLVER.MAX_ITER", "4", flags=("--resume",))
    final = torch.load(path, weights_only=True)
    assert final["iteration"] == 3
    assert final["trainer"]["hooks"]["LRScheduler"]["last_epoch"] == 4
    before, after = (c["trainer"]["_trainer"]["optimizer"]["state"].keys() for c in (found, final))
    assert before == after != set()


def test_a_run_of_another_config_is_not_resumed(capsys, tmp_path):
    """Seed, loss and what else differs are named; result and weights stay as they were. Where to run may differ."""
    run(ROW, tmp_path, *E2E)
    before = {name: (tmp_path / name).read_bytes() for name in (RESULT_FILE, "model_final.pth")}
    other = (*E2E, "SEED", "2", "MODEL.ROI_MASK_HEAD.LOSS", "softmax")
    message = fails(capsys, ROW, tmp_path, *other, flags=("--resume",))
    assert "model_final.pth is of another config: MODEL.ROI_MASK_HEAD.LOSS was " in message
    assert "; SEED was 1 and is 2. Resume with" in message
    assert before == {name: (tmp_path / name).read_bytes() for name in before}
    run(ROW, tmp_path, *E2E, "SOLVER.CHECKPOINT_PERIOD", "1", flags=("--resume",))


def test_own_data_need_keys_alone(tmp_path):
    """Boxes and keypoints of three points, evaluated with their own sigmas."""
    folder = write_own(tmp_path / "data", keypoints=True)
    # Random weights behind frozen normalisation overflow in the last stages.
    opts = [*E2E, *ALL_SCORES, "MODEL.RESNETS.NORM", "BN", *own_opts(folder)]
    run("table6/roialign.yaml", tmp_path / "o", *opts)
    found = read_json(tmp_path / "o" / RESULT_FILE)
    assert found["metrics"]["keypoints"]["AP"] is not None
    assert "AP-dog" in found["metrics"]["bbox"]
    assert found["datasets"] == {"train": [f"{NAME}_train"], "test": [f"{NAME}_val"]}
    assert all(version.startswith("sha256:") for version in found["data_version"].values())


def test_a_schedule_that_is_adapted_to_the_processes_is_the_same_experiment(tmp_path):
    """SOLVER.REFERENCE_WORLD_SIZE changes batch, rate and iterations of the run, not the identity of its result."""
    two = ("SOLVER.REFERENCE_WORLD_SIZE", "2")
    run(ROW, tmp_path, *E2E, *two)
    assert torch.load(tmp_path / "model_final.pth", weights_only=True)["iteration"] == 3
    planned = load_cfg(ROW, "smoke", [*E2E, *two, "SEED", "1"])
    assert read_json(tmp_path / RESULT_FILE)["config_hash"] == config_hash(planned)


@pytest.mark.parametrize(
    ("config", "opts", "scale", "words"),
    [
        ("table2b/nothing.yaml", (), "smoke", ["'table2b/nothing.yaml' is not a file"]),
        (ROW, (), "tiny", ["scale 'tiny': choose from paper, short, mini, smoke"]),
        (ROW, ("SOLVER.MAXITER", "3"), "smoke", ["SOLVER.MAXITER"]),
        (ROW, ("DATASETS.PROPOSAL_FILES_TRAIN", "('no.pkl',)"), "smoke", ["no.pkl", RPN_COMMAND]),
        (ROW, E2E, "paper", ["instances_train2017.json", "DETECTRON2_DATASETS"]),
        (
            ROW,
            (*E2E, "TEST.COCO_BACKEND", "faster"),
            "smoke",
            ["TEST.COCO_BACKEND='faster': must be auto, hotcoco"],
        ),
    ],
    ids=["config", "scale", "key", "proposals", "COCO", "backend"],
)
def test_what_does_not_exist_is_named(capsys, tmp_path, config, opts, scale, words):
    """Config, scale, key, stored proposals with the RPN's command, COCO's files, backend; no folder is left behind."""
    message = fails(capsys, config, tmp_path / "o", *opts, scale=scale)
    assert [word for word in words if word not in message] == []
    assert not (tmp_path / "o").exists()


def test_wrong_config(capsys, tmp_path):
    """A config that is not a YAML mapping."""
    bad = tmp_path / "bad.yaml"
    bad.write_text("MODEL: [unclosed\n")
    assert "bad.yaml" in fails(capsys, str(bad), tmp_path / "o")


def test_unregistered_dataset(capsys, tmp_path):
    """DATASETS.TRAIN naming a set that nobody registered."""
    message = fails(capsys, ROW, tmp_path / "o", *E2E, "DATASETS.TRAIN", "('coco_2071_train',)")
    assert "coco_2071_train" in message
    assert "coco_2017_train" in message


@pytest.fixture
def own_dataset(tmp_path):
    """Register a one-image dataset whose files the test may damage; yields its annotation file."""
    annotations = tmp_path / "annotations.json"
    image = {"id": 1, "file_name": "missing.png", "height": 160, "width": 160}
    square = [[20, 20, 80, 20, 80, 80, 20, 80]]
    thing = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [20, 20, 60, 60], "area": 3600, "iscrowd": 0}
    content = {"info": {}, "images": [image], "categories": [{"id": 1, "name": "person"}]}
    annotations.write_text(json.dumps(content | {"annotations": [thing | {"segmentation": square}]}))
    register_coco_instances("own_dataset", {}, str(annotations), str(tmp_path))
    yield annotations
    DatasetCatalog.remove("own_dataset")
    MetadataCatalog.remove("own_dataset")


OWN = ["DATASETS.TRAIN", "('own_dataset',)", "DATASETS.TEST", "('own_dataset',)"]


def test_missing_image(capsys, tmp_path, own_dataset):
    """An image that is not there is found before training, and named."""
    assert "missing.png" in fails(capsys, ROW, tmp_path / "o", *E2E, *OWN)


@pytest.mark.parametrize("flags", [(), ("--eval-only", "--allow-partial")])
def test_annotations_with_errors(capsys, tmp_path, own_dataset, flags):
    """A box outside its image ends training and evaluation, also under SKIP_INVALID where it is in the test set."""
    content = json.loads(own_dataset.read_text())
    content["images"][0]["file_name"] = own_dataset.name
    content["annotations"][0]["bbox"] = [200, 20, 60, 60]
    own_dataset.write_text(json.dumps(content))
    for skip in ("False", "True"):
        sets = ["DATASETS.TRAIN", "('smoke_train',)", "DATASETS.TEST", "('own_dataset',)"]
        opts = [*E2E, *sets, "DATASETS.SKIP_INVALID", skip]
        message = fails(capsys, ROW, tmp_path / "o", *opts, flags=flags)
        for part in (str(own_dataset), "annotation 1", "bbox=[200", "rule bbox-outside", "validate_dataset", "--fix"):
            assert part in message


def test_annotations_that_are_not_json(capsys, tmp_path, own_dataset):
    """An annotation file that is not JSON is named."""
    own_dataset.write_text("not json {")
    message = fails(capsys, ROW, tmp_path / "o", *E2E, *OWN)
    assert "annotations.json" in message
    assert "JSON" in message


BIAS = "roi_heads.box_predictor.cls_score.bias"


def evaluate(output, weights, *flags):
    """--eval-only of the row with these weights."""
    return run(ROW, output, *E2E, "MODEL.WEIGHTS", str(weights), flags=("--eval-only", *flags))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """Content of a checkpoint of the row."""
    folder = tmp_path_factory.mktemp("trained")
    run(ROW, folder, *E2E)
    return torch.load(folder / "model_final.pth", weights_only=True)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda m: {f"x.{key}": value for key, value in m.items()}, "lacks "),
        (lambda m: {key: value for key, value in m.items() if "mask_head" not in key}, "roi_heads.mask_head"),
        (lambda m: {key: value[..., None] for key, value in m.items()}, "another shape"),
        (lambda m: {}, "lacks "),
        (lambda m: m | {BIAS: torch.full_like(m[BIAS], float("nan"))}, "NaN or infinite values in 1 of "),
    ],
    ids=["names", "RPN", "shapes", "empty", "NaN"],
)
def test_weights_of_another_model_are_not_evaluated(capsys, tmp_path, checkpoint, change, word):
    """One line that says which are missing and how many; no result is written."""
    torch.save({"model": change(checkpoint["model"])}, tmp_path / "w.pth")
    message = fails(capsys, ROW, tmp_path / "o", *E2E, "MODEL.WEIGHTS", str(tmp_path / "w.pth"), flags=("--eval-only",))
    assert word in message and "w.pth" in message
    assert not (tmp_path / "o" / RESULT_FILE).exists()


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
def test_a_file_without_weights_is_one_line(capsys, tmp_path, content):
    """Whatever it is."""
    (tmp_path / "w.pth").write_bytes(content)
    message = fails(capsys, ROW, tmp_path / "o", *E2E, "MODEL.WEIGHTS", str(tmp_path / "w.pth"), flags=("--eval-only",))
    assert "w.pth' cannot be read as weights" in message


def test_partial_weights_are_evaluated_where_that_is_meant(tmp_path, checkpoint):
    """With --allow-partial; the result says which weights it is of."""
    model = {key: value for key, value in checkpoint["model"].items() if "mask_head" not in key}
    for name, content in (("whole", checkpoint["model"]), ("partial", model)):
        torch.save({"model": content}, tmp_path / f"{name}.pth")
        evaluate(tmp_path / name, tmp_path / f"{name}.pth", *(["--allow-partial"] if name == "partial" else []))
    found = [read_json(tmp_path / name / RESULT_FILE)["weights"] for name in ("whole", "partial")]
    assert len(set(found)) == 2
    assert all(weights.startswith("sha256:") for weights in found)
