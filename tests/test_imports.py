"""Components from files of one's own, and the runs that they are part of."""

import subprocess
import sys
from pathlib import Path

import pytest

from mask_rcnn_paper import imports
from mask_rcnn_paper.config_files import CONFIG_ROOT
from mask_rcnn_paper.imports import Import, find_import, import_components, imported_versions, registries
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import config_hash

LOSS = """
from mask_rcnn_paper.modeling import MASK_LOSS_REGISTRY, MaskLoss

@MASK_LOSS_REGISTRY.register()
def {name}():
    return MaskLoss(None, None)
"""
ROW = "table2b/sigmoid.yaml"


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A file that registers a mask loss of its own name; everything is forgotten afterwards."""
    monkeypatch.setattr(imports, "_registered", {})

    def write(name, text=LOSS):
        monkeypatch.delitem(sys.modules, name, raising=False)
        path = tmp_path / f"{name}.py"
        path.write_text(text.format(name=name))
        return path

    return write


def imported(path):
    """The file, run."""
    wanted = find_import(str(path))
    import_components([wanted])
    return wanted


def test_a_file_is_found_and_not_run(mine):
    """By its path, with the checksum of what is in it; its name is the file's."""
    path = mine("loss_found", "raise RuntimeError")
    wanted = find_import(str(path))
    assert (wanted.name, wanted.place, len(wanted.checksum)) == ("loss_found", str(path), 64)
    assert wanted.version == f"loss_found sha256:{wanted.checksum[:16]}"


def test_a_module_is_found_by_its_dotted_name(monkeypatch):
    """Within its package it is imported by name; a plain one by its file, which jobs find from anywhere."""
    assert find_import("json.decoder").place == "json.decoder"
    assert Path(find_import("this").place).name == "this.py"


@pytest.mark.parametrize("text", ["none.py", "/no/such/file.py", "no_such_module", "json.no_such"])
def test_what_is_not_there_is_named(text):
    """A file or a module."""
    with pytest.raises((FileNotFoundError, ValueError), match=f"--import '{text}': .*a Python file, or a module's"):
        find_import(text)


def test_a_module_is_run_once(mine):
    """However often it is asked for in a process."""
    path = mine("loss_once")
    assert imported(path) == imported(path)
    assert imports._registered[find_import(str(path))] == {"loss_once"}


def test_what_a_file_raises_is_one_line_with_its_place(mine):
    """So that nobody takes it for a fault of the plugin."""
    path = mine("loss_bad", "1 / 0")
    with pytest.raises(ImportError, match=f"--import {path}: ZeroDivisionError: division by zero"):
        imported(path)


def test_a_name_that_is_taken_is_refused(mine):
    """A file called torch.py would hide in the real one."""
    with pytest.raises(ImportError, match="a module 'json' is imported already: give the file another name"):
        import_components([Import("json", str(mine("loss_json")), "0")])


def test_only_configs_that_name_a_component_depend_on_its_file(mine):
    """The baseline of an ablation stays the same job; editing the file makes results of the variant stale."""
    before = config_hash(load_cfg(ROW, "mini"))
    wanted = imported(mine("loss_named"))
    assert config_hash(load_cfg(ROW, "mini")) == before
    cfg = load_cfg(ROW, "mini", ["MODEL.ROI_MASK_HEAD.LOSS", "loss_named"])
    assert cfg.IMPORTS.VERSIONS == (wanted.version,)
    other = cfg.clone()
    other.IMPORTS.VERSIONS = ("loss_named sha256:other",)
    assert config_hash(cfg) != config_hash(other)


def test_a_config_says_what_it_needs(mine, tmp_path):
    """Nothing is run because of it: a missing one is an error that says how to give it."""
    config = tmp_path / "row.yaml"
    config.write_text(f"_BASE_: {CONFIG_ROOT / ROW}\nIMPORTS: {{NEEDED: [loss_needed]}}\n")
    path = mine("loss_needed")
    with pytest.raises(ValueError, match="the config needs loss_needed: add --import with its file or module"):
        load_cfg(config)
    wanted = imported(path)
    assert load_cfg(config).IMPORTS.VERSIONS == (wanted.version,)


def test_a_need_is_no_part_of_an_experiment(mine, tmp_path):
    """A config that names the component is the same with it and without."""
    config = tmp_path / "row.yaml"
    text = f"_BASE_: {CONFIG_ROOT / ROW}\nMODEL: {{ROI_MASK_HEAD: {{LOSS: loss_both}}}}\n"
    imported(mine("loss_both"))
    config.write_text(text)
    without = config_hash(load_cfg(config))
    config.write_text(f"{text}IMPORTS: {{NEEDED: [loss_both]}}\n")
    assert config_hash(load_cfg(config)) == without


def test_without_imports_nothing_is_added():
    """As in every config of ours."""
    assert imported_versions(load_cfg(ROW)) == ()


def test_every_registry_that_a_config_names_components_of_is_watched():
    """The plugin's and detectron2's."""
    names = {name for registry in registries() for name, _ in registry}
    assert {"RoIWarp", "softmax", "PaperStandardROIHeads", "GeneralizedRCNN", "FCNMaskHead"} <= names


@pytest.mark.slow
@pytest.mark.parametrize("program", [["train_net.py"], ["-m", "mask_rcnn_paper.pretrain"]])
def test_programs_take_imports(program, mine):
    """Bad ones end in one line and exit code 2."""
    command = [
        sys.executable,
        *program,
        "--config-file",
        ROW,
        "--scale",
        "smoke",
        "--import",
        str(mine("bad", "1 / 0")),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert ended.returncode == 2
    assert "ZeroDivisionError: division by zero" in ended.stderr.splitlines()[-1]
