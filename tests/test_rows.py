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
from tests.recipes import DETECTORS, RPNS, entries
from tests.train import ALL_SCORES, run
from tests.validate_dataset.cases import run_lengths

BRANCHES = {"b": "bbox", "m": "segm", "k": "keypoints"}
# Random weights behind frozen normalisation overflow in the last stages.
FROM_SCRATCH = ["STAGES.PRETRAIN", "False", "MODEL.RESNETS.NORM", "BN"]


def deep_ones_are_slow(table: str) -> list:
    """Rows of a text table; the deeper backbones, which do nothing that ResNet-50 does not, are marked slow."""
    slow = pytest.mark.slow
    rows = entries(table)
    return [pytest.param(row, id=row["config"], marks=[slow] * (row["backbone"] != "R-50")) for row in rows]


@pytest.fixture(scope="module")
def rpn_outputs(tmp_path_factory) -> dict[str, Path]:
    """RPNs trained at smoke scale, with their stored proposals, by the number of classes."""
    outputs = {"80": tmp_path_factory.mktemp("rpn"), "1": tmp_path_factory.mktemp("person")}
    run("rpn/r50_c4.yaml", outputs["80"], *FROM_SCRATCH)
    run("rpn/person_r50_fpn.yaml", outputs["1"], *FROM_SCRATCH)
    return outputs


def proposals(output: Path, data: str) -> list[str]:
    """Options that make a detector use the proposals of an RPN."""
    file = f"('{output}/inference/{data}_%s/box_proposals.npz',)"
    return ["DATASETS.PROPOSAL_FILES_TRAIN", file % "train", "DATASETS.PROPOSAL_FILES_TEST", file % "val"]


@pytest.mark.parametrize("row", deep_ones_are_slow(DETECTORS))
def test_every_row_trains_on_stored_proposals_and_writes_a_result(row, rpn_outputs, tmp_path):
    """Two iterations, evaluation, and result.json with the AP of each branch, and of no other."""
    data = "smoke_keypoints" if row["K"] == "1" else "smoke"
    opts = [*proposals(rpn_outputs[row["K"]], data), *ALL_SCORES, *FROM_SCRATCH]
    run(f"{row['config']}.yaml", tmp_path, *opts)
    assert set(read_json(tmp_path / RESULT_FILE)["metrics"]) == {BRANCHES[branch] for branch in row["on"]}
    assert (tmp_path / "model_final.pth").is_file()


@pytest.mark.parametrize("row", deep_ones_are_slow(RPNS))
def test_every_rpn_stores_proposals(row, tmp_path):
    """Two iterations, then proposals for both sets."""
    run(f"{row['config']}.yaml", tmp_path, *FROM_SCRATCH)
    data = "smoke_keypoints" if row["K"] == "1" else "smoke"
    for split in ("train", "val"):
        stored = read_proposals(proposal_file(tmp_path, f"{data}_{split}"))
        assert stored.dataset == f"{data}_{split}"
        assert all(len(boxes) > 0 for boxes in stored.boxes)


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
            assert all(reason == "" or reason.startswith(("no predictions", "no ground truth")) for reason in reasons)


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
