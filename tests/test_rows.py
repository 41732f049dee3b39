"""Every row trains, evaluates and writes a result at smoke scale."""

import json
from pathlib import Path

import pytest

from ablations.__main__ import main
from ablations.paper.tables import load_tables
from mask_rcnn_paper.data.proposals import read_proposals
from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.stages import proposal_file
from mask_rcnn_paper.training.result_file import RESULT_FILE
from tests.own_files import own_words, write_own
from tests.recipes import APPENDIX, BY_MASK_BOXES, DETECTORS, END_TO_END, INFERENCE, RPNS, entries
from tests.train import ALL_SCORES, run
from tests.validate_dataset.cases import run_lengths

BRANCHES = {"b": "bbox", "m": "segm", "k": "keypoints"}
# Random weights behind frozen normalisation overflow in the last stages.
FROM_SCRATCH = ["STAGES.PRETRAIN", "False", "STAGES.DETECTOR", "", "MODEL.RESNETS.NORM", "BN"]
# By number of classes.
SMOKE_DATA = {"80": "smoke", "1": "smoke_keypoints", "8": "smoke_cityscapes"}


def deep_ones_are_slow(table: str) -> list:
    """Rows of a text table; the deeper backbones, which do nothing that ResNet-50 does not, are marked slow."""
    slow = pytest.mark.slow
    # A body that is shared cannot be trained from nothing: test_four_steps.py.
    rows = [row for row in entries(table) if not row.get("feat", "").endswith("*")]
    return [pytest.param(row, id=row["config"], marks=[slow] * (row["backbone"] != "R-50")) for row in rows]


@pytest.fixture(scope="module")
def rpn_outputs(tmp_path_factory) -> dict[str, Path]:
    """RPNs trained at smoke scale, with their stored proposals, by the number of classes."""
    outputs = {classes: tmp_path_factory.mktemp(data) for classes, data in SMOKE_DATA.items()}
    run("rpn/r50_c4.yaml", outputs["80"], *FROM_SCRATCH)
    run("rpn/person_r50_fpn.yaml", outputs["1"], *FROM_SCRATCH)
    run("rpn/cityscapes_r50_fpn.yaml", outputs["8"], *FROM_SCRATCH)
    return outputs


def proposals(output: Path, data: str) -> list[str]:
    """Options that make a detector use the proposals of an RPN."""
    file = f"('{output}/inference/{data}_%s/box_proposals.npz',)"
    return ["DATASETS.PROPOSAL_FILES_TRAIN", file % "train", "DATASETS.PROPOSAL_FILES_TEST", file % "val"]


@pytest.mark.parametrize("row", deep_ones_are_slow(DETECTORS))
def test_every_row_trains_on_stored_proposals_and_writes_a_result(row, rpn_outputs, tmp_path):
    """Two iterations, evaluation, and result.json with the AP of each branch, and of no other."""
    data = SMOKE_DATA[row["K"]]
    opts = [*proposals(rpn_outputs[row["K"]], data), *ALL_SCORES, *FROM_SCRATCH]
    run(f"{row['config']}.yaml", tmp_path, *opts)
    tasks = set(read_json(tmp_path / RESULT_FILE)["metrics"]) - {"segm_coco"}  # beside the AP of Cityscapes
    assert tasks == {BRANCHES[branch] for branch in row["on"]}
    assert (tmp_path / "model_final.pth").is_file()


@pytest.mark.parametrize("row", deep_ones_are_slow(END_TO_END))
def test_every_row_trains_end_to_end_and_writes_a_result(row, tmp_path):
    """Two iterations with an RPN of its own, and those rows of inference that evaluate what they have trained."""
    run(f"{row['config']}.yaml", tmp_path / "trained", *ALL_SCORES, *FROM_SCRATCH)
    tested = [name for name, trained in INFERENCE.items() if trained == row["config"]]
    for name in tested:
        weights = ["MODEL.WEIGHTS", str(tmp_path / "trained" / "model_final.pth")]
        run(f"{name}.yaml", tmp_path / name, *weights, *ALL_SCORES, *FROM_SCRATCH)
    for output in ("trained", *tested):
        assert set(read_json(tmp_path / output / RESULT_FILE)["metrics"]) == {BRANCHES[b] for b in row["on"]}
    assert not list(tmp_path.glob("table*/*/*.pth"))


def test_the_additions_of_table_8_on_a_small_backbone(tmp_path):
    """Joint training, the non-local block and test-time augmentation, as the slow rows above, of ResNet-50."""
    backbone = ["MODEL.RESNETS.DEPTH", "50", "MODEL.RESNETS.NUM_GROUPS", "1", *ALL_SCORES, *FROM_SCRATCH]
    run("table8/non_local.yaml", tmp_path / "trained", *backbone)
    weights = ["MODEL.WEIGHTS", str(tmp_path / "trained" / "model_final.pth"), "TEST.AUG.MIN_SIZES", "(96, 144)"]
    metrics = run("table8/test_time_augm.yaml", tmp_path / "tested", *backbone, *weights)
    assert set(metrics) == set(read_json(tmp_path / "tested" / RESULT_FILE)["metrics"]) == {"bbox", "segm"}
    assert not list((tmp_path / "tested").glob("*.pth"))


@pytest.mark.parametrize("row", deep_ones_are_slow(APPENDIX))
def test_every_row_of_tensormasks_appendix_trains_and_writes_a_result(row, tmp_path):
    """Two iterations; then, with the weights of its first row, the row of Table 5 that evaluates other boxes."""
    heads = ("ROI_HEADS", "RETINANET", "TENSOR_MASK")
    found = [word for head in heads for word in (f"MODEL.{head}.SCORE_THRESH_TEST", "0.001")]
    found += ["TEST.NMS_CANDIDATES", "50", *FROM_SCRATCH]
    run(f"{row['config']}.yaml", tmp_path / "trained", *found)
    outputs = {"trained": {"bbox"} | ({"segm"} if row["masks"] == "yes" else set())}
    if row["config"] == "tableTM-4/tensormask":
        weights = ["MODEL.WEIGHTS", str(tmp_path / "trained" / "model_final.pth")]
        run(f"{BY_MASK_BOXES}.yaml", tmp_path / "tested", *weights, *found)
        outputs["tested"] = {"bbox", "segm"}
    for output, tasks in outputs.items():
        assert set(read_json(tmp_path / output / RESULT_FILE)["metrics"]) == tasks
    assert not (tmp_path / "tested" / "model_final.pth").exists()


def test_augmented_keypoints_on_stored_proposals(rpn_outputs, tmp_path):
    """Table 9's inference, of ResNet-50 and two views."""
    opts = [*proposals(rpn_outputs["1"], "smoke_keypoints"), *ALL_SCORES, *FROM_SCRATCH]
    opts += ["MODEL.RESNETS.DEPTH", "50", "MODEL.RESNETS.NUM_GROUPS", "1", "MODEL.RESNETS.WIDTH_PER_GROUP", "16"]
    run("table9/updated_baseline.yaml", tmp_path / "trained", *opts)
    weights = ["MODEL.WEIGHTS", str(tmp_path / "trained" / "model_final.pth"), "TEST.AUG.MIN_SIZES", "(96,)"]
    assert set(run("table9/test_time_augm.yaml", tmp_path / "tested", *opts, *weights)) == {"bbox", "keypoints"}


@pytest.mark.parametrize("row", deep_ones_are_slow(RPNS))
def test_every_rpn_stores_proposals(row, tmp_path):
    """Two iterations, then proposals for both sets."""
    run(f"{row['config']}.yaml", tmp_path, *FROM_SCRATCH)
    data = SMOKE_DATA[row["K"]]
    for split in ("train", "val"):
        stored = read_proposals(proposal_file(tmp_path, f"{data}_{split}"))
        assert stored.dataset == f"{data}_{split}"
        assert all(len(boxes) > 0 for boxes in stored.boxes)


@pytest.mark.slow
def test_a_student_is_trained_from_nothing(tmp_path, capsys):
    """Pre-training, RPN, teacher, its annotations, student; the teacher looks at each image once, which is faster."""
    command = ["run", "9", "--rows", "data_distillation", "--scale", "smoke", "--output", str(tmp_path)]
    assert main([*command, "TEST.AUG.ENABLED", "False"]) == 0
    kinds = sorted(path.parts[-3] for path in tmp_path.rglob("result.json"))
    assert kinds == ["detector", "detector", "distill", "pretrain", "rpn"]
    (annotations,) = tmp_path.rglob("annotations.json")
    assert read_json(annotations)["annotations"]


@pytest.mark.slow
def test_tables_run_on_own_data(tmp_path, capsys):
    """From two annotation files to tables with every number: masks as run lengths, three keypoints, two categories."""

    def encode(data):
        data["annotations"][0]["segmentation"] = run_lengths(48, 64, slice(10, 30), slice(10, 30))

    data = own_words(write_own(tmp_path / "data", encode, keypoints=True))
    words = ["run", "2b", "6", "--scale", "smoke", "--data", data, "--output", str(tmp_path / "out")]
    assert main([*words, "--format", "json", *ALL_SCORES]) == 0
    for table in json.loads(capsys.readouterr().out):
        assert "for reference only" in table["paper_note"]
        assert len(table["data_versions"]) == 2
        for row in table["rows"]:
            reasons = {number["note"] for number in row["metrics"] if number["mean"] is None}
            legal = ("no predictions", "no ground truth", "0 objects")
            assert all(reason == "" or reason.startswith(legal) for reason in reasons)


@pytest.mark.slow
@pytest.mark.parametrize("table", [t.id for t in load_tables().values() if any(row.config for row in t.rows)])
def test_every_table_runs_from_nothing(table, tmp_path, capsys):
    """`python -m ablations run TABLE`: pre-training, RPN, detectors, the table; and nothing the second time."""
    command = ["run", table, "--scale", "smoke", "--output", str(tmp_path)]
    assert main(command) == 0
    results = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("result.json")}
    assert results
    assert f"Table {table}" in capsys.readouterr().out
    assert main(command) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("result.json")} == results
