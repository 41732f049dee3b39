"""From a row's YAML to the config of a run."""

import pytest
import yaml

from mask_rcnn_paper.config_files import SCALES, find_config
from mask_rcnn_paper.scales import apply_scale, load_cfg, load_scale
from tests.attacks import yaml_payload


def rules(**kinds) -> dict:
    return {"MULTIPLY": {}, "REPLACE": {}, "SET": {}, "CASES": []} | kinds


def test_paper_scale_is_the_yaml_as_it_is():
    """At paper scale the row's values are the paper's."""
    cfg = load_cfg("table2b/softmax.yaml")
    assert cfg.SCALE == "paper"
    assert cfg.SOLVER.MAX_ITER == 160000
    assert cfg.DATASETS.TRAIN == ("coco_2017_train",)
    assert cfg.MODEL.ROI_MASK_HEAD.LOSS == "softmax"


def test_mini_scale_shrinks_widths_and_keeps_the_row():
    """At mini scale widths are a quarter, and what the row is about is untouched."""
    cfg = load_cfg("table2b/softmax.yaml", "mini")
    assert cfg.SCALE == "mini"
    assert cfg.MODEL.RESNETS.RES2_OUT_CHANNELS == 64
    assert cfg.MODEL.RESNETS.DEPTH == 50
    assert cfg.MODEL.ANCHOR_GENERATOR.SIZES == [[32, 64, 128, 256, 512]]
    assert cfg.DATASETS.TRAIN == ("mini_train",)
    assert cfg.MODEL.ROI_HEADS.NUM_CLASSES == 12
    assert cfg.MODEL.ROI_MASK_HEAD.LOSS == "softmax"
    assert cfg.MODEL.ROI_BOX_HEAD.POOLER_RESOLUTION == 7


def test_smoke_builds_on_mini():
    """smoke has mini's widths and its own few iterations."""
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke")
    assert cfg.MODEL.RESNETS.RES2_OUT_CHANNELS == 64
    assert cfg.SOLVER.MAX_ITER == 2
    assert cfg.DATASETS.TEST == ("smoke_val",)


def test_command_line_wins_over_the_scale():
    """KEY VALUE pairs are applied last."""
    assert load_cfg("table2b/sigmoid.yaml", "mini", ["SOLVER.MAX_ITER", "7"]).SOLVER.MAX_ITER == 7


@pytest.mark.parametrize("scale", SCALES[1:])
def test_every_scale_file_has_only_known_kinds_of_rules(scale):
    """A misspelt kind of rule would be ignored silently."""
    content = yaml.safe_load(find_config(f"scales/{scale}.yaml").read_text())
    assert set(content) <= {"_BASE_", "MULTIPLY", "REPLACE", "SET", "CASES"}
    assert load_scale(scale)["SET"]


def test_factors_reach_into_lists_and_keep_whole_numbers_whole():
    """Lists are multiplied item by item; integers are rounded and never 0; floats stay floats."""
    cfg = load_cfg("table2b/sigmoid.yaml")
    factors = {"MODEL.ANCHOR_GENERATOR.SIZES": "1/64", "SOLVER.BASE_LR": "5/2", "SOLVER.STEPS": "1/1000"}
    apply_scale(cfg, rules(MULTIPLY=factors))
    assert cfg.MODEL.ANCHOR_GENERATOR.SIZES == [[1, 1, 2, 4, 8]]
    assert cfg.SOLVER.BASE_LR == pytest.approx(0.05)
    assert cfg.SOLVER.STEPS == (120,)


def test_replacing_values_leaves_others_alone():
    """Only listed values change, inside tuples too."""
    cfg = load_cfg("table2b/sigmoid.yaml")
    apply_scale(cfg, rules(REPLACE={"DATASETS.TEST": {"coco_2017_val": "a"}, "MODEL.ROI_HEADS.NUM_CLASSES": {1: 5}}))
    assert cfg.DATASETS.TEST == ("a",)
    assert cfg.MODEL.ROI_HEADS.NUM_CLASSES == 80


def test_cases_are_for_rows_with_the_values_they_name():
    """A case wins over the general rules where all its conditions hold at paper scale, and is ignored elsewhere."""
    cases = [
        {"WHERE": {"MODEL.MASK_ON": True, "SOLVER.MAX_ITER": 160000}, "MULTIPLY": {"SOLVER.BASE_LR": 1}},
        {"WHERE": {"MODEL.MASK_ON": True, "SOLVER.MAX_ITER": 1}, "SET": {"SOLVER.BASE_LR": 9.0}},
    ]
    general = {"SOLVER.MAX_ITER": "1/1000", "SOLVER.BASE_LR": 2}
    rates = []
    for opts in ((), ("MODEL.MASK_ON", "False")):
        cfg = load_cfg("table2b/sigmoid.yaml", "paper", opts)
        apply_scale(cfg, rules(MULTIPLY=general, CASES=cases))
        rates.append(cfg.SOLVER.BASE_LR)
    assert rates == [0.02, 0.04]


def test_rows_of_section_5_have_a_lower_rate_at_mini_scale():
    """Persons' detectors all alike, whatever their branches; not their RPN."""
    rows = ("table5/faster_rcnn", "table5/mask_only", "table4/keypoint_only", "table4/keypoint_and_mask")
    assert [load_cfg(f"{row}.yaml", "mini").SOLVER.BASE_LR for row in rows] == pytest.approx([0.014] * 4)
    assert load_cfg("rpn/person_r50_fpn.yaml", "mini").SOLVER.BASE_LR == pytest.approx(0.035)


def test_a_factor_for_a_string_is_refused():
    """Multiplying a name is an error that says key, factor and value."""
    with pytest.raises(ValueError, match=r"multiplies MODEL.ROI_HEADS.NAME by 1/2.*'PaperRes5ROIHeads'"):
        apply_scale(load_cfg("table2b/sigmoid.yaml"), rules(MULTIPLY={"MODEL.ROI_HEADS.NAME": "1/2"}))


@pytest.mark.parametrize(
    ("config", "scale", "opts", "error", "message"),
    [
        ("table2b/sigmoid.yaml", "tiny", [], ValueError, "scale 'tiny': choose from paper, short, mini, smoke"),
        ("table2b/sofmax.yaml", "paper", [], FileNotFoundError, "table2b/sofmax.yaml.*configs.*ablations list"),
        ("table2b/sigmoid.yaml", "paper", ["SOLVER.MAX_ITERS", "7"], KeyError, "SOLVER.MAX_ITERS"),
        ("table2b/sigmoid.yaml", "paper", ["SOLVER.MAX_ITER"], ValueError, "SOLVER.MAX_ITER.*no VALUE"),
        ("table2b/sigmoid.yaml", "paper", ["SEED", "1", "--resume"], ValueError, "--resume .* before the pairs"),
    ],
)
def test_wrong_arguments_are_named(config, scale, opts, error, message):
    """An unknown scale, with the legal ones; a missing config, with the places; a misspelt key; one without a value."""
    with pytest.raises(error, match=message):
        load_cfg(config, scale, opts)


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "MODEL:\n", "_BASE_: bad.yaml\n"])
def test_a_file_that_is_no_config_is_named(tmp_path, text):
    """Nothing, a list, a section without keys, and one that inherits from itself."""
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match="bad.yaml"):
        load_cfg(path)


def test_a_config_of_detectron2_loads_and_code_does_not(tmp_path):
    """On both providers: tuples as its configs write them are values, other tags of Python are an error."""
    (tmp_path / "a.yaml").write_text("_BASE_: table2b/sigmoid.yaml\nSOLVER: {STEPS: !!python/tuple [1, 2]}\n")
    assert load_cfg(tmp_path / "a.yaml").SOLVER.STEPS == (1, 2)
    (tmp_path / "b.yaml").write_text(f"OUTPUT_DIR: {yaml_payload(tmp_path / 'mark')}\n")
    (tmp_path / "c.yaml").write_text("_BASE_: b.yaml\n")
    for name in ("b.yaml", "c.yaml"):
        with pytest.raises(ValueError, match="b.yaml' is not YAML: could not determine a constructor"):
            load_cfg(tmp_path / name)
    with pytest.raises(ValueError, match="OUTPUT_DIR|!!python"):
        load_cfg("table2b/sigmoid.yaml", "paper", ["SEED", yaml_payload(tmp_path / "mark")])
    assert not (tmp_path / "mark").exists()


def test_an_unknown_key_names_the_file(tmp_path):
    """Which may be one of several that a config is based on."""
    path = tmp_path / "mine.yaml"
    path.write_text("_BASE_: table2b/sigmoid.yaml\n'': 1\n")
    with pytest.raises(KeyError, match="mine.yaml"):
        load_cfg(path)


def test_short_is_the_papers_recipe_for_an_eighth_of_the_time():
    """And fits itself to the GPUs there are; nothing else differs."""
    paper, short = (load_cfg("table2a/r50_fpn.yaml", scale) for scale in ("paper", "short"))
    assert (short.SOLVER.MAX_ITER, short.SOLVER.STEPS) == (paper.SOLVER.MAX_ITER // 8, (paper.SOLVER.STEPS[0] // 8,))
    assert short.SOLVER.REFERENCE_WORLD_SIZE == 8
    for key in ("MAX_ITER", "STEPS", "REFERENCE_WORLD_SIZE"):
        short.SOLVER[key] = paper.SOLVER[key]
    short.SCALE = paper.SCALE
    assert short == paper
