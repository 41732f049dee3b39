"""Facts of configs, and when they are read anew."""

import dataclasses
import json

import pytest

from ablations.jobs import recipe as recipes
from ablations.jobs.recipe import read_recipe, recipe_of
from mask_rcnn_paper.config_files import CONFIG_ROOT
from mask_rcnn_paper.imports import Import
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash

ROW = "table2b/softmax.yaml"


@pytest.fixture
def resolved(tmp_path, monkeypatch):
    """An empty cache; the configs that are resolved, one entry each time."""
    monkeypatch.setenv("MASK_RCNN_PAPER_CACHE", str(tmp_path / "cache"))
    calls, resolve = [], recipes._resolve
    monkeypatch.setattr(recipes, "_resolve", lambda *args: calls.append(args[0]) or resolve(*args))
    return calls


def test_a_recipe_is_what_the_resolved_config_says():
    """At a scale, with the user's overrides."""
    cfg = load_cfg(ROW, "mini", ["SEED", "3"])
    recipe = recipe_of(cfg, "hash")
    assert (recipe.config_hash, recipe.backbone, recipe.pretrained) == ("hash", "R-50", True)
    assert (recipe.rpn, recipe.loads_proposals) == (cfg.STAGES.RPN, True)
    assert (recipe.train, recipe.test) == (("mini_train",), ("mini_val",))
    assert recipe.branches == ("segm",)
    assert recipe_of(load_cfg("table5/faster_rcnn.yaml", "mini"), "hash").branches == ()
    assert (recipe.iterations, recipe.pretrain_iterations) == (cfg.SOLVER.MAX_ITER, cfg.PRETRAIN.MAX_ITER)
    assert read_recipe(ROW, "mini", ["SEED", "3"]) == dataclasses.replace(recipe, config_hash=config_hash(cfg))


def test_a_config_is_resolved_once(resolved):
    """The second answer comes from the cache and is the same, also in types; another question is asked anew."""
    first = read_recipe(ROW, "mini", ["SEED", "0"])
    assert read_recipe(ROW, "mini", ["SEED", "0"]) == first
    assert len(resolved) == 1
    for asked in ((ROW, "smoke", ["SEED", "0"]), (ROW, "mini", ["SEED", "1"]), ("table2b/sigmoid.yaml", "mini", [])):
        read_recipe(*asked)
    assert len(resolved) == 4


def test_a_changed_base_is_read_anew(resolved, tmp_path):
    """Also of a config that lies elsewhere."""
    base = tmp_path / "base.yaml"
    base.write_text(f"_BASE_: {CONFIG_ROOT / ROW}\n")
    config = tmp_path / "row.yaml"
    config.write_text("_BASE_: base.yaml\n")
    before = read_recipe(str(config), "mini", [])
    base.write_text(f"_BASE_: {CONFIG_ROOT / ROW}\nSOLVER: {{BASE_LR: 0.5}}\n")
    after = read_recipe(str(config), "mini", [])
    assert len(resolved) == 2
    assert before.config_hash != after.config_hash


def test_changed_sources_are_read_anew(resolved, monkeypatch):
    """The plugin's code and detectron2's defaults decide what a config is."""
    read_recipe(ROW, "mini", [])
    monkeypatch.setattr(recipes, "_sources", lambda: "other")
    read_recipe(ROW, "mini", [])
    assert len(resolved) == 2


def test_an_edited_import_is_read_anew(resolved, monkeypatch):
    """By the checksum of its file."""
    monkeypatch.setattr(recipes, "import_components", lambda imports: None)
    for checksum in ("a", "b", "a"):
        read_recipe(ROW, "mini", [], [Import("dice", "/dice.py", checksum)])
    assert len(resolved) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_a_damaged_entry_is_read_anew(resolved, tmp_path, content):
    """As after a power cut."""
    first = read_recipe(ROW, "mini", [])
    (entry,) = (tmp_path / "cache").rglob("*.json")
    entry.write_text(content)
    assert read_recipe(ROW, "mini", []) == first
    assert json.loads(entry.read_text())["backbone"] == "R-50"


def test_a_cache_that_cannot_be_written_costs_time_alone(resolved, tmp_path):
    """A file where the folder should be."""
    (tmp_path / "cache").write_text("")
    assert read_recipe(ROW, "mini", []).backbone == "R-50"


def test_what_is_wrong_is_said_each_time(resolved):
    """Errors are not kept."""
    for _ in range(2):
        with pytest.raises(KeyError, match="SOLVER.NO_SUCH"):
            read_recipe(ROW, "mini", ["SOLVER.NO_SUCH", "1"])
    assert len(resolved) == 2
