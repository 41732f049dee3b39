"""Every YAML loads and builds; the rows of one table differ only along that table's axis."""

from pathlib import Path

import pytest
from detectron2.modeling import build_model

from mask_rcnn_paper.scales import CONFIG_ROOT, load_cfg
from tests.flatten import flatten

ROWS = sorted(str(p.relative_to(CONFIG_ROOT)) for p in CONFIG_ROOT.glob("*/*.yaml") if p.parent.name != "scales")
# Keys in which the rows of a table may differ: its axis.
AXES = {
    "table2b": {"MODEL.ROI_MASK_HEAD.LOSS"},
    "table2c": {"MODEL.ROI_POOLER.NAME", "MODEL.ROI_POOLER.AGGREGATION"},
}


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("scale", ["paper", "mini", "smoke"])
def test_every_config_loads_at_every_scale(row, scale):
    """Each YAML resolves, and its header comment says how to run it."""
    assert load_cfg(row, scale).SCALE == scale
    assert f"--config-file configs/{row}" in (CONFIG_ROOT / row).read_text()


@pytest.mark.parametrize("row", ROWS)
def test_every_config_builds_at_mini_scale(row):
    """Each YAML builds a model on the CPU."""
    model = build_model(load_cfg(row, "mini", ["MODEL.DEVICE", "cpu"]))
    assert any(p.requires_grad for p in model.parameters())


@pytest.mark.parametrize("table", AXES)
@pytest.mark.parametrize("scale", ["paper", "mini"])
def test_rows_of_a_table_differ_only_along_its_axis(table, scale):
    """An ablation varies one thing: all other resolved values are equal, at every scale."""
    rows = [flatten(load_cfg(row, scale)) for row in ROWS if Path(row).parent.name == table]
    assert len(rows) > 1
    for key in rows[0].keys() - AXES[table]:
        assert all(row[key] == rows[0][key] for row in rows), key


@pytest.mark.parametrize("row", ["table2c/roialign_ave.yaml", "table2a/r50_c4.yaml"])
def test_rows_that_the_paper_prints_twice_are_one_config(row):
    """Table 2b sigmoid, Table 2c RoIAlign-ave and Table 2a R-50-C4 are the same model."""
    assert flatten(load_cfg(row)) == flatten(load_cfg("table2b/sigmoid.yaml"))


@pytest.mark.parametrize(
    "key, value",
    [
        ("SOLVER.IMS_PER_BATCH", 16),
        ("SOLVER.BASE_LR", 0.02),
        ("SOLVER.MAX_ITER", 160000),
        ("SOLVER.STEPS", (120000,)),
        ("SOLVER.WEIGHT_DECAY", 0.0001),
        ("SOLVER.MOMENTUM", 0.9),
        ("INPUT.MIN_SIZE_TRAIN", (800,)),
        ("MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE", 64),
        ("MODEL.ROI_HEADS.POSITIVE_FRACTION", 0.25),
        ("MODEL.ROI_HEADS.NMS_THRESH_TEST", 0.3),
        ("MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION", 7),
        ("MODEL.ROI_BOX_HEAD.POOLER_SAMPLING_RATIO", 2),
        ("MODEL.ROI_BOX_HEAD.SMOOTH_L1_BETA", 1.0),
        ("MODEL.ANCHOR_GENERATOR.SIZES", [[32, 64, 128, 256, 512]]),
        ("MODEL.BACKBONE.FREEZE_AT", 2),
        ("MODEL.RESNETS.NORM", "FrozenBN"),
        ("DATASETS.PRECOMPUTED_PROPOSAL_TOPK_TEST", 300),
        ("TEST.DETECTIONS_PER_IMAGE", 100),
    ],
)
def test_the_c4_recipe_is_the_papers(key, value):
    """Sections 3.1 and 4.2 and Appendix B, value by value."""
    assert flatten(load_cfg("table2b/sigmoid.yaml"))[key] == value
