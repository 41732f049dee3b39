"""README.md and docs/ say what the project does now: commands, examples and links are tried."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import train_net
from ablations.__main__ import main
from ablations.evidence import sources
from ablations.jobs import launcher
from ablations.query import Asked, make_query
from ablations.report import page as report
from ablations.report.contents import gather
from mask_rcnn_paper import imports
from mask_rcnn_paper.distill import command as distill
from mask_rcnn_paper.doctor.__main__ import main as doctor
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.torchvision_weights import main as torchvision_weights
from mask_rcnn_paper.transfer.__main__ import main as transfer
from mask_rcnn_paper.validate_dataset.__main__ import main as validate_dataset
from tests.ablations import fake_slurm
from tests.own_files import write_own
from tests.untrained import leave_row

ROOT = Path(__file__).resolve().parents[1]
PATHS = (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in PATHS}
README = PAGES["README"]
PROGRAMS = ("python", ".venv/bin/python", "torchrun", "make")


def between(begin, end):
    """Text of the README between two marks."""
    return README.partition(begin)[2].partition(end)[0].strip()


def commands():
    """Every command of every page as words, without comments."""
    pages = "\n".join(PAGES.values())
    lines = re.findall(r"(?m)^    (?=\S)(.*)$", pages.replace("\\\n", " "))
    words = [shlex.split(line, comments=True) for line in lines if line.split()[0] in PROGRAMS]
    return [shlex.join(found) for found in words]


def blocks(page, language):
    """A page's examples in a language, without their indentation."""
    found = re.findall(rf"(?ms)^( *)```{language}\n(.*?)^\1```$", PAGES[page])
    return [re.sub(rf"(?m)^{indent}", "", text) for indent, text in found]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of one's own with all files that the pages speak of; 8 GPUs, and a cluster."""
    write_own(tmp_path)
    for split in ("train", "val"):
        shutil.copytree(tmp_path / "images", tmp_path / f"{split}_images")
    pets = re.sub(r"(?m)^(keypoint_names|flip_pairs|oks_sigmas).*\n", "", blocks("own-data", "yaml")[0])
    (tmp_path / "pets.yaml").write_text(pets)
    # "dice" is registered already in the process of the tests, by tests/variants.
    component = next(text for text in blocks("variants", "python"))
    (tmp_path / "dice.py").write_text(component.replace("def dice()", "def pasted()"))
    row, tables = blocks("variants", "yaml")
    (tmp_path / "dice.yaml").write_text(row.replace("LOSS: dice", "LOSS: pasted"))
    (tmp_path / "tables.yaml").write_text(tables)
    by_hand = {"metrics": {"segm": {"AP": 30.0}}, "config_hash": "f" * 64, "seed": -1, "scale": "mini"}
    (tmp_path / "output/mini/table2b/sigmoid").mkdir(parents=True)
    (tmp_path / "output/mini/table2b/sigmoid/result.json").write_text(json.dumps(by_hand))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(launcher, "visible_devices", lambda: tuple("01234567"))
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "results")
    monkeypatch.setattr(imports, "_registered", {})
    monkeypatch.delitem(sys.modules, "dice", raising=False)
    fake_slurm.install(tmp_path / "cluster")
    monkeypatch.setenv("PATH", f"{tmp_path}/cluster/bin", prepend=":")
    return tmp_path


def exit_code(function, *arguments):
    """What a command ends with."""
    try:
        return function(*arguments)
    except SystemExit as error:
        return error.code


def try_ablations(words, capsys):
    """Plan what would train, look at what there is, and see that what predicts must be there."""
    if words[0] == "run":
        extra = [] if "--dry-run" in words else ["--dry-run"]
        keys = [n for n, word in enumerate(words) if word.isupper() and "." in word]
        at = keys[0] if keys else len(words)
        assert exit_code(main, [*words[:at], *extra, *words[at:]]) == 0
        return
    if words[0] == "timing":  # which takes minutes: refused once its arguments are read
        assert exit_code(main, [*words, "--rounds", "2"]) == 2
        assert "--rounds 2: must be at least 3" in capsys.readouterr().err
        return
    code = exit_code(main, words)
    if words[0] == "predict":
        assert code == 2
        of_row = "train it with `python -m ablations run 2b --rows sigmoid --scale mini"
        of_place = "choose from TABLE/ROW as `python -m ablations list` shows them, the folder of a training, a check"
        assert (of_row if words[1] == "2b/sigmoid" else of_place) in capsys.readouterr().err
    else:
        assert code == (1 if words[0] == "publish" else 0)


@pytest.mark.parametrize("command", dict.fromkeys(commands()))
def test_every_command_is_one(command, place, capsys):
    """Trainings are planned and their configs resolved; the rest runs."""
    program, *words = shlex.split(command)
    if program == "make":
        done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, check=True)
        assert "python -m " in done.stdout
    elif words[:2] == ["-m", "ablations"]:
        try_ablations(words[2:], capsys)
    elif words[:2] == ["-m", "mask_rcnn_paper.doctor"]:
        assert exit_code(doctor, []) in (0, 1)
    elif words[:2] == ["-m", "mask_rcnn_paper.validate_dataset"]:
        assert validate_dataset(["train.json", "train_images", "--fix", "out.json"]) == 0
    elif words[:2] == ["-m", "mask_rcnn_paper.distill"]:
        args = distill.argument_parser().parse_args(words[2:])
        assert load_cfg(args.config_file, args.scale, args.opts).STAGES.DETECTOR
    elif words[:2] == ["-m", "mask_rcnn_paper.transfer"]:  # the files are the reader's
        assert exit_code(transfer, words[2:]) == 2
        assert re.search(r"\.pth|\.pkl|\.json", capsys.readouterr().err)
    elif words[:2] == ["-m", "mask_rcnn_paper.torchvision_weights"]:
        assert exit_code(torchvision_weights, words[2:]) == 2
        assert "download them from torchvision's page" in capsys.readouterr().err
    else:
        words = words[words.index("train_net.py") + 1 :] if program == "torchrun" else words[1:]
        args = train_net.argument_parser().parse_args(words)
        assert load_cfg(args.config_file, args.scale, args.opts).SCALE == args.scale


def test_every_kind_of_command_is_there():
    """Else the test above would try nothing."""
    kinds = {" ".join(command.split()[: 4 if "-m ablations" in command else 2]) for command in commands()}
    assert {"make run", "make test", "python train_net.py", "torchrun --nproc-per-node"} <= kinds
    names = ("list", "run", "status", "table", "claims", "report", "predict", "timing", "publish")
    assert {f"python -m ablations {name}" for name in names} <= kinds


def test_results_load_as_the_page_says(place):
    """The example reads what `predict` writes: COCO's files."""
    (example,) = blocks("predictions", "python")
    categories = [{"id": 3, "name": "car"}]
    images = {"info": {}, "images": [{"id": 1, "width": 9, "height": 9}], "categories": categories}
    found = [{"image_id": 1, "category_id": 3, "bbox": [1, 1, 2, 2], "score": 0.5}]
    (place / "images.json").write_text(json.dumps(images))
    (place / "predictions.json").write_text(json.dumps(found))
    scope = {}
    exec(example, scope)
    assert scope["results"].loadAnns(1)[0]["score"] == 0.5


def test_a_trained_row_is_used_as_the_page_says(place, capsys):
    """The example detects in an image file, where the row has been trained."""
    leave_row(place / "output", "SEED", "0")
    shutil.copy(next((place / "images").iterdir()), place / "image.jpg")
    exec(next(text for text in blocks("python", "python") if "load_row" in text).replace("mini", "smoke"), {})
    assert "Boxes(" in capsys.readouterr().out


def test_the_plugin_is_used_as_the_page_says():
    """The example of one's own project ends in a config that names the paper's components."""
    (example,) = (text for text in blocks("python", "python") if "get_cfg" in text)
    scope = {}
    exec(example, scope)
    assert scope["cfg"].MODEL.ROI_POOLER.NAME == "RoIWarp"


@pytest.mark.slow
def test_the_variant_trains_as_the_page_says(place, monkeypatch):
    """Its three files as pasted, at smoke scale: two rows, one of them Table 2b's, and the table."""
    (command,) = [command for command in commands() if "--import dice.py" in command]
    words = command.replace("--scale mini --seeds 0 1 --jobs 2", "--scale smoke --seeds 0").split()
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Table losses. Mask losses (mine)" in done.stdout
    assert re.search(r"\| dice - sigmoid", done.stdout)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_link_leads_to_a_file(path):
    """Of this repository; addresses elsewhere are not tried."""
    targets = [target for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()) if "://" not in target]
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_readme_is_short_and_leads_to_every_page():
    """Who has read it knows where the rest is."""
    assert len(README.splitlines()) <= 180
    assert all(f"](docs/{path.name})" in README for path in PATHS[1:])


def test_its_state_is_that_of_the_published_page():
    """Which `publish` writes, and another test compares with the results."""
    page = (ROOT / "ablations/results/mini/README.md").read_text(encoding="utf-8")
    shown = between("<!-- BEGIN state, from ablations/results/mini/README.md -->\n", "<!-- END state -->")
    assert shown.count("\n") > 10
    assert shown in page


def test_its_table_is_the_published_one(capsys):
    """Between the marks stands what the command in the first mark prints."""
    command = "python -m ablations table 2b --scale mini --published --seeds 0"
    shown = between(f"<!-- BEGIN table 2b, written by `{command}` -->\n", "<!-- END table 2b -->")
    assert main(command.split()[3:]) == 0
    assert shown == capsys.readouterr().out.strip()


def test_its_verdicts_are_those_of_the_published_results(capsys):
    """As above, of the claims."""
    command = "python -m ablations claims --scale mini --published"
    shown = between(f"<!-- BEGIN claims, the last line of `{command}` -->\n", "<!-- END claims -->")
    assert main(command.split()[3:]) == 0
    assert shown == capsys.readouterr().out.strip().splitlines()[-1]


def test_the_report_is_of_the_published_results(monkeypatch):
    """Claims and tables of docs/report.html; how plots look depends on the version of matplotlib."""
    path = ROOT / "docs/report.html"
    assert path.stat().st_size <= 1.5e6
    monkeypatch.setattr(report.figures, "dot_plots", lambda results: [])
    monkeypatch.setattr(report, "reliability_plots", lambda matches, rule: [])
    now = report.report_page(gather(make_query(Asked("mini", published=True), of_claims=True)))
    assert _parts(path.read_text(encoding="utf-8")) == _parts(now)


def _parts(page):
    """Texts of a report's head, of its claims, and of its tables."""
    root = ElementTree.fromstring(page)
    found = [root.find("body/header"), root.find(".//section[@id='claims']"), *root.iter("table")]
    return [" ".join("".join(element.itertext()).split()) for element in found]
