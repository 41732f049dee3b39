"""How the house is built: what may import what."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
# From the bottom up; a module may import its own floor and those below. Names are folders or modules.
FLOORS = (
    # No detectron2, or only its config.
    {"errors", "files", "cores", "commit", "config_files", "provider", "proposal_files", "terminal", "schema"},
    *({"coco", "plain_pickle"}, {"cityscapes"}),
    {"layers", "validate_dataset", "drawing", "config", "doctor"},
    {"modeling", "generated"},
    {"imports", "data"},
    {"registration"},
    {"scales", "stages", "config_checks"},
    {"training"},
    {"pretrain", "predictor", "trained", "timing", "transfer", "distill", "unite", "torchvision_weights"},
    {"__init__"},
    {"train_net"},
    {"ablations.statistics"},
    {"ablations.paper"},
    {"ablations.user_data"},
    {"ablations.jobs"},
    {"ablations.evidence"},
    {"ablations.query", "ablations.render"},
    {"ablations.report", "ablations.predict", "ablations.timing"},
    {"ablations.commands", "ablations.run", "ablations.published_page"},
    {"ablations.__main__"},
)


def modules():
    """Every module of the plugin and of the runner, by its dotted name; the embedded core stands for detectron2."""
    paths = [*ROOT.glob("mask_rcnn_paper/**/*.py"), *ROOT.glob("ablations/**/*.py"), ROOT / "train_net.py"]
    ours = [path.relative_to(ROOT) for path in paths if "embedded" not in path.parts]
    return {".".join(path.with_suffix("").parts).removesuffix(".__init__"): ROOT / path for path in ours}


@cache
def imports():
    """Modules of ours that each module imports, at its top or within a function."""
    names = modules()
    found = {}
    for name, path in names.items():
        wanted = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                wanted |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                wanted |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
        found[name] = {other for other in wanted if other in names and other != name}
    return found


def place(module):
    """The folder of a module, or the module itself where it stands beside the folders."""
    parts = module.split(".")
    if parts[0] == "mask_rcnn_paper":
        return parts[1] if len(parts) > 1 else "__init__"
    return ".".join(parts[:2])


def floor(module):
    """Number of a module's floor."""
    return next(number for number, names in enumerate(FLOORS) if place(module) in names)


def test_no_import_goes_up_a_floor():
    """Science and file formats at the bottom know nothing of trainings, these nothing of tables, these of commands."""
    pairs = [(a, b) for a, found in imports().items() for b in found if "ablations" not in (a, b)]
    assert [f"{a} imports {b}" for a, b in pairs if floor(b) > floor(a)] == []


def circle(graph):
    """A circle of a graph of imports, [] where there is none."""
    try:
        list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        return error.args[1]
    return []


def test_no_import_comes_back():
    """Neither of modules, whether at their top or within a function, nor of folders."""
    assert circle({a: {b for b in found if not a.startswith(f"{b}.")} for a, found in imports().items()}) == []
    folders = {}
    for module, found in imports().items():
        folders.setdefault(place(module), set()).update(map(place, found))
    # Every module imports the package that it is in.
    assert circle({a: found - {a, "__init__", "ablations"} for a, found in folders.items()}) == []


def test_the_plugin_uses_no_private_name_of_detectron2():
    """Neither by import nor as an attribute of a module of it; it never asks who provides it."""
    private = []
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "detectron2":
                parts = [*node.module.split("."), *(alias.name for alias in node.names)]
                private += [f"{name}: {part}" for part in parts if part.startswith("_")]
    assert private == []


def test_the_core_imports_nothing_from_the_plugin():
    """It stands for detectron2, which knows nothing of us."""
    texts = {path: path.read_text(encoding="utf-8") for path in ROOT.glob("mask_rcnn_paper/embedded/**/*.py")}
    assert texts
    assert [path for path, text in texts.items() if "mask_rcnn_paper" in text or "ablations" in text] == []


@pytest.mark.parametrize("limit, folder", [(260, "mask_rcnn_paper"), (260, "ablations")])
def test_files_are_short(limit, folder):
    """A reader takes in one at a time."""
    ours = {name: path for name, path in modules().items() if name.split(".")[0] == folder}
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in ours.items()}
    assert {name: length for name, length in lengths.items() if length > limit} == {}


def test_no_two_modules_of_the_plugin_share_a_name():
    """A name means one thing."""
    ours = [name for name in modules() if name.startswith("mask_rcnn_paper.")]
    last = [name.rpartition(".")[2] for name in ours if not name.endswith("__main__")]
    assert sorted({name for name in last if last.count(name) > 1}) == []
