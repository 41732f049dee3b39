"""Result files and the identity of an experiment."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog

from mask_rcnn_paper.generated.datasets import VERSION
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import RESULT_FILE, chosen_values, config_hash, write_result


@pytest.fixture
def cfg(tmp_path):
    return load_cfg("table2b/sigmoid.yaml", "mini", ["OUTPUT_DIR", str(tmp_path), "MODEL.DEVICE", "cpu", "SEED", "3"])


def changed(cfg, key: str, value) -> str:
    cfg = cfg.clone()
    cfg.merge_from_list([key, value])
    return config_hash(cfg)


@pytest.mark.parametrize(
    "key, value",
    [
        ("OUTPUT_DIR", "elsewhere"),
        ("MODEL.DEVICE", "cuda"),
        ("TEST.COCO_BACKEND", "pycocotools"),
        ("STAGES.CLASS_MAP", ("rider=random",)),  # read where there is a STAGES.DETECTOR
        ("DATALOADER.NUM_WORKERS", 7),
        ("MODEL.WEIGHTS", "elsewhere/model_final.pkl"),
        ("DATASETS.PROPOSAL_FILES_TRAIN", ("elsewhere.pkl",)),
    ],
)
def test_hash_ignores_where_and_how_a_run_is_executed(cfg, key, value):
    """Places, device, workers and a backend of equal numbers do not make a new experiment."""
    assert changed(cfg, key, value) == config_hash(cfg)


@pytest.mark.parametrize("key, value", [("SEED", 4), ("MODEL.ROI_POOLER.NAME", "RoIWarp"), ("SOLVER.MAX_ITER", 9)])
def test_hash_changes_with_what_is_computed(cfg, key, value):
    """Seed, model and schedule make a new experiment."""
    assert changed(cfg, key, value) != config_hash(cfg)


def test_weights_count_where_no_stage_makes_them(tmp_path):
    """At paper scale another MODEL.WEIGHTS is another experiment."""
    cfg = load_cfg("table2b/sigmoid.yaml")
    assert changed(cfg, "MODEL.WEIGHTS", "other.pkl") != config_hash(cfg)


def test_weights_do_not_count_where_a_detector_is_trained_for_them():
    """The identity of the stage that makes them does."""
    cfg = load_cfg("text/r101_fpn_shared.yaml")
    assert changed(cfg, "MODEL.WEIGHTS", "elsewhere/model_final.pth") == config_hash(cfg)
    assert changed(cfg, "STAGES.DETECTOR", "table2a/r50_fpn.yaml") != config_hash(cfg)


def test_views_count_where_there_are_any(cfg):
    """How test-time augmentation would be is nothing without it."""
    assert changed(cfg, "TEST.AUG.MIN_SIZES", (1, 2)) == config_hash(cfg)
    with_views = changed(cfg, "TEST.AUG.ENABLED", True)
    assert with_views != config_hash(load_cfg("table2b/sigmoid.yaml", "mini", ["TEST.AUG.ENABLED", "False"]))
    assert changed(cfg, "TEST.AUG.MIN_SIZES", (1, 2, 3)) != with_views


def test_weights_of_another_row_do_not_count():
    """Its identity is that of the row that trains them."""
    hashes = [load_cfg("table8/test_time_augm.yaml", "paper", ["MODEL.WEIGHTS", name]) for name in ("a.pth", "b.pth")]
    assert config_hash(hashes[0]) == config_hash(hashes[1])


def test_a_new_key_at_its_default_keeps_the_hash(cfg):
    """Only what differs from the defaults counts: a key that one provider or one version lacks changes nothing."""
    del cfg.MODEL.ROI_MASK_HEAD["MLP_MASK_SIZE"], cfg["VIS_PERIOD"]
    assert config_hash(cfg) == config_hash(load_cfg("table2b/sigmoid.yaml", "mini", ["SEED", "3"]))


def test_hash_does_not_change_the_config(cfg):
    """Hashing works on a copy, of frozen configs too."""
    cfg.freeze()
    before = cfg.dump()
    config_hash(cfg)
    assert cfg.dump() == before


def test_objects_of_the_evaluated_tasks_are_counted(cfg, tmp_path):
    """By size; of a dataset alone, since metrics of several are not of one, and of one with an annotation file."""
    annotations = [{"area": area, "num_keypoints": 1} for area in (100, 100, 2000)]
    (tmp_path / "val.json").write_text(json.dumps({"annotations": annotations}))
    DatasetCatalog.register("counted_val", list)
    MetadataCatalog.get("counted_val").json_file = str(tmp_path / "val.json")
    try:
        for test, found in (
            (("counted_val",), {"segm": {"APs": 2, "APm": 1, "APl": 0}}),
            (("counted_val", "mini_val"), {}),
            (("not_registered",), {}),
        ):
            cfg.DATASETS.TEST = test
            assert write_result(cfg, {"segm": {"AP": 31.5}}, 1.0)["objects"] == found
    finally:
        DatasetCatalog.remove("counted_val")
        MetadataCatalog.remove("counted_val")


def test_result_comes_back(cfg, tmp_path):
    """Metrics and circumstances are written and read, NaN as null."""
    metrics = {"segm": {"AP": 31.5, "APl": float("nan")}}
    written = write_result(cfg, metrics, 12.34, "pycocotools 2", count={"parameters": 7})
    assert json.loads((tmp_path / RESULT_FILE).read_text()) == written
    assert (written["metrics"], written["count"]) == ({"segm": {"AP": 31.5, "APl": None}}, {"parameters": 7})
    assert 0 < written["time"]["run"] < 12.34 + time.process_time()
    assert (written["scale"], written["seed"], written["seconds"]) == ("mini", 3, 12.3)
    assert written["data_version"] == {name: f"v{VERSION}" for name in ("mini_train", "mini_val")}
    assert written["config_hash"] == config_hash(cfg)
    assert written["provider"]["detectron2"]
    assert written["coco_backend"] == "pycocotools 2"


def test_the_peak_of_memory_is_in_the_result(cfg):
    """In MB: more than torch takes, less than the machine has; without a GPU there is none of CUDA."""
    peak = write_result(cfg, {}, 1.0)["peak_memory"]
    assert set(peak) == {"process"}
    assert 100 < peak["process"] < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="elsewhere a process knows no peak of its own")
def test_the_peak_is_that_of_the_process_alone(cfg):
    """A small process that a large one has started has not its peak."""
    block = b"x" * 800_000_000
    code = "from mask_rcnn_paper.training.result_file import peak_memory; print(peak_memory('cpu')['process'])"
    child = float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
    assert child < len(block) / 1e6 < write_result(cfg, {}, 1.0)["peak_memory"]["process"]


def test_generated_data_count_with_their_version_once_they_are_drawn_anew(monkeypatch):
    """At the first version a run keeps the hash that it had before versions counted; other data have none."""
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke")
    before = config_hash(cfg)
    monkeypatch.setitem(MetadataCatalog.get("smoke_val").__dict__, "data_version", "v5")
    assert config_hash(cfg) != before
    assert chosen_values(cfg)["versions of generated data"] == {"smoke_val": "v5"}
    assert "versions of generated data" not in chosen_values(load_cfg("table2b/sigmoid.yaml"))
