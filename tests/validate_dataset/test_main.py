"""The command."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from mask_rcnn_paper.validate_dataset.__main__ import main
from tests.validate_dataset.cases import valid_data, write_images


@pytest.fixture
def folder(tmp_path):
    """Valid data as files: train.json and images/."""
    write_images(tmp_path / "images")
    (tmp_path / "train.json").write_text(json.dumps(valid_data()))
    return tmp_path


def damage(folder: Path, **fields) -> bytes:
    """Give the first annotation other values; returns the file's content."""
    data = valid_data()
    data["annotations"][0].update(fields)
    (folder / "train.json").write_text(json.dumps(data))
    return (folder / "train.json").read_bytes()


def run(folder: Path, *words: str) -> int:
    """The exit code of the command on the files of `folder`."""
    return main([str(folder / "train.json"), str(folder / "images"), *words])


def test_valid_data(folder, capsys):
    """Exit code 0 and one line."""
    assert run(folder) == 0
    assert capsys.readouterr().out == f"{folder}/train.json, 2 images, 4 annotations: 0 errors, 0 warnings\n"


def test_errors(folder, capsys):
    """Exit code 1, and a report that names file, annotation, field, rule and cure."""
    damage(folder, bbox=[1, 2, 3])
    assert run(folder) == 1
    report = capsys.readouterr().out
    for part in (f"{folder}/train.json", "annotation 1 (image 1)", "bbox=[1, 2, 3]", "error bbox-numbers", "cure: "):
        assert part in report


def test_warnings_alone(folder, capsys):
    """Exit code 0."""
    damage(folder, bbox=[10, 10, 60, 20])
    assert run(folder) == 0
    assert "warning bbox-crosses-border (1)" in capsys.readouterr().out


def test_json(folder, capsys):
    """All violations as JSON."""
    damage(folder, bbox=[1, 2, 3])
    assert run(folder, "--format", "json") == 1
    assert [f["rule"] for f in json.loads(capsys.readouterr().out)["findings"]] == ["bbox-numbers"]


def test_no_images(folder, capsys):
    """Image files are not looked at, and their folder need not be given."""
    (folder / "images" / "a.png").unlink()
    assert run(folder) == 1
    assert run(folder, "--no-images") == 0
    assert main([str(folder / "train.json"), "--no-images"]) == 0


def test_mask_format(folder, capsys):
    """Run lengths are an error for polygons, which is the default, and not for bitmasks."""
    damage(folder, segmentation={"size": [48, 64], "counts": [500, 400, 48 * 64 - 900]}, bbox=[10, 0, 9, 48])
    assert run(folder) == 1
    assert "error rle-mask-format" in capsys.readouterr().out
    assert run(folder, "--mask-format", "bitmask") == 0


def test_against(folder, capsys):
    """Two files of the same images: exit code 1, and --fix writes nothing, since only people can part them."""
    other = [str(folder / "train.json"), str(folder / "images")]
    assert run(folder, "--against", *other) == 1
    assert "error split-shared-images (1)" in capsys.readouterr().out
    assert run(folder, "--against", *other, "--fix", str(folder / "o.json")) == 1
    assert not (folder / "o.json").exists()
    write_images(folder / "val", seed=1)
    assert run(folder, "--against", str(folder / "train.json"), str(folder / "val")) == 0
    (folder / "val.json").write_text("{")
    assert run(folder, "--against", str(folder / "val.json"), str(folder / "val")) == 1
    assert f"{folder}/val.json content" in capsys.readouterr().out


def test_fix(folder, capsys):
    """The copy passes, the input is untouched, counts are printed and nothing else is left behind."""
    before = damage(folder, bbox=[1, 2, 3], area=0)
    assert run(folder, "--fix", str(folder / "out" / "fixed.json")) == 0
    report = capsys.readouterr().out
    assert "bbox-numbers: 1 mended" in report
    assert "area: 1 mended" in report
    assert (folder / "train.json").read_bytes() == before
    assert [path.name for path in (folder / "out").iterdir()] == ["fixed.json"]
    assert json.loads((folder / "out" / "fixed.json").read_text()) == valid_data()
    assert main([str(folder / "out" / "fixed.json"), str(folder / "images")]) == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [1, {"deep": float("-inf")}]])
def test_what_json_has_not_is_never_written(folder, capsys, value):
    """In a field that no rule reads: the place is said, and nothing is left behind."""
    damage(folder, score=value)
    assert run(folder, "--fix", str(folder / "out.json")) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "is not written: JSON has no NaN and no infinity, as at annotations, 0, score" in line
    assert not (folder / "out.json").exists()


def test_fix_as_json(folder, capsys):
    """The report as JSON has what was done."""
    damage(folder, bbox=[99, 99, 5, 5])
    assert run(folder, "--format", "json", "--fix", str(folder / "o.json")) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["errors"] == 1
    assert report["fixed"]["dropped"] == {"annotations": {"bbox-outside": 1}}


@pytest.mark.parametrize("content", ["{", '{"info": {}, "images": [], "annotations": []}'])
def test_what_cannot_be_mended(folder, content, capsys):
    """Exit code 1, no file, and the rules in the way."""
    (folder / "train.json").write_text(content)
    assert run(folder, "--fix", str(folder / "o.json")) == 1
    assert "o.json is not written: --fix cannot mend" in capsys.readouterr().err
    assert not (folder / "o.json").exists()


@pytest.mark.parametrize(
    "words, said",
    [
        ([], "give ANNOTATIONS.json IMAGE_DIR, or --cityscapes ROOT"),
        (["none.json", "."], "annotation file 'none.json' does not exist"),
        (["train.json"], "give IMAGE_DIR, or --no-images"),
        (["train.json", "none"], "image folder 'none' does not exist"),
        (["train.json", "n" * 300], "File name too long"),
        (["train.json", "images", "--fix", "train.json"], "is the input"),
        (["train.json", "images", "--fix", "link.json"], "is the input"),
        (["train.json", "images", "--fix", "images"], "is a folder"),
        (["train.json", "images", "--fix", "images/1.png"], "name a .json file"),
        (["train.json", "images", "--mask-format", "png"], "invalid choice: 'png'"),
        (["train.json", "images", "--split", "val"], "--split goes with --cityscapes only"),
        (["train.json", "images", "--against", "none.json", "images"], "annotation file 'none.json' does not exist"),
        (["train.json", "images", "--against", "train.json", "none"], "image folder 'none' does not exist"),
        (["train.json", "--no-images", "--against", "train.json", "images"], "--against needs IMAGE_DIR"),
        (["--cityscapes", "none"], "Cityscapes folder 'none' does not exist"),
        (["--cityscapes", ".", "--fix", "o.json"], "--cityscapes ROOT goes with --split and --format only"),
        (["train.json", "images", "--fix", "train.json/o.json"], "train.json"),
    ],
)
def test_bad_usage(folder, monkeypatch, capsys, words, said):
    """Exit code 2 and one line."""
    monkeypatch.chdir(folder)
    Path("link.json").symlink_to("train.json")
    before = damage(folder, area=0)
    with pytest.raises(SystemExit) as exit_info:
        main(words)
    (line,) = capsys.readouterr().err.splitlines()
    assert exit_info.value.code == 2
    assert line.startswith("validate_dataset: error: ")
    assert said in line
    assert (folder / "train.json").read_bytes() == before


def test_cityscapes(tmp_path, capsys):
    """A folder with an absent split has errors; --split checks one."""
    for kind, name in (("leftImg8bit", "leftImg8bit"), ("gtFine", "gtFine_instanceIds")):
        (tmp_path / kind / "train" / "ulm").mkdir(parents=True)
        Image.new("L", (4, 4)).save(tmp_path / kind / "train" / "ulm" / f"ulm_0_0_{name}.png")
    assert main(["--cityscapes", str(tmp_path)]) == 1
    assert f"{tmp_path}/gtFine/val does not exist" in capsys.readouterr().out
    assert main(["--cityscapes", str(tmp_path), "--split", "train"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}, 1 images with labels: 0 errors, 0 warnings\n"


def run_from_outside(folder: Path, *options: str) -> subprocess.CompletedProcess:
    """The command as a program, with the folder of the data first on the path."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, *options, "-m", "mask_rcnn_paper.validate_dataset", "train.json", "images"]
    env = {"PYTHONPATH": f"{folder}:{root}", "PATH": ""}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env)


def test_from_outside(folder):
    """As a program: the report on stdout, nothing on stderr that is no terminal, and torch is not needed."""
    (folder / "torch.py").write_text("raise ImportError('not needed')")
    result = run_from_outside(folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert "0 errors" in result.stdout


def test_nothing_of_training_is_imported(folder):
    """Data are checked without torch, detectron2, models or drawing."""
    result = run_from_outside(folder, "-X", "importtime")
    modules = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "mask_rcnn_paper.validate_dataset.checker" in modules
    for package in ("torch", "detectron2", "mask_rcnn_paper.modeling", "mask_rcnn_paper.drawing"):
        assert package not in modules
