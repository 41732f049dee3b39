"""Where configs are found."""

import shutil

import pytest

from mask_rcnn_paper import config_files
from mask_rcnn_paper.config_files import CONFIG_ROOT, config_name, find_config, lasting_name, with_bases
from tests.attacks import yaml_payload

ROW = CONFIG_ROOT / "table2b" / "softmax.yaml"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """As from a wheel: an empty current folder, and the configs elsewhere; returns that place."""
    root = tmp_path / "site-packages" / "mask_rcnn_paper" / "configs"
    shutil.copytree(config_files.CONFIG_ROOT, root)
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    monkeypatch.setattr(config_files, "CONFIG_ROOT", root)
    return root


@pytest.mark.parametrize("prefix", ["", "configs/", "./configs/", "./"])
def test_configs_are_found_where_there_is_no_checkout(installed, prefix):
    """Under their names, and as commands are written; both are the same config."""
    config = f"{prefix}table2b/softmax.yaml"
    assert find_config(config) == installed / "table2b" / "softmax.yaml"
    assert config_name(config) == "table2b/softmax"


def test_a_file_here_wins(installed, tmp_path):
    """A path that exists is taken as it is, and a file of one's own is named by its stem."""
    own = tmp_path / "empty" / "configs" / "table2b" / "softmax.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("VERSION: 2\n")
    assert find_config("configs/table2b/softmax.yaml").resolve() == own
    assert config_name("configs/table2b/softmax.yaml") == "softmax"
    assert config_name(own) == "softmax"
    assert config_name("table2b/softmax.yaml") == "table2b/softmax"


def test_a_name_lasts_where_the_folder_changes(tmp_path, monkeypatch):
    """Jobs run in another one than the user's."""
    (tmp_path / "mine.yaml").write_text("SEED: 3\n")
    monkeypatch.chdir(tmp_path)
    assert lasting_name("mine.yaml") == str(tmp_path / "mine.yaml")
    assert lasting_name("configs/table2b/softmax.yaml") == "table2b/softmax.yaml"


def test_a_config_that_is_not_there_says_where_it_was_looked_for():
    """And which command lists those there are."""
    with pytest.raises(FileNotFoundError, match="'table2b/none.yaml' is not a file, nor is it under .*ablations list"):
        find_config("table2b/none.yaml")


def test_bases_are_followed_to_the_last(tmp_path):
    """By a path from the file's own folder, else as one of ours."""
    assert [path.name for path, _ in with_bases(ROW)][0] == "softmax.yaml"
    assert with_bases(ROW)[-1][0].name.startswith("Base-")
    (tmp_path / "mine.yaml").write_text("_BASE_: table2b/softmax.yaml\nSEED: 3\n")
    (path, content), (base, _), *_ = with_bases(tmp_path / "mine.yaml")
    assert (path, content) == (tmp_path / "mine.yaml", {"SEED": 3})
    assert base == ROW


@pytest.mark.parametrize(
    "text, message",
    [
        ("{", "is not YAML"),
        ("- 1\n", "is not a mapping of keys"),
        ("", "is not a mapping of keys"),
        ("_BASE_: bad.yaml\n", "is based on itself"),
        ("_BASE_: none.yaml\n", "'none.yaml', the _BASE_ of .*bad.yaml.*, is not a file"),
        ("_BASE_: [a.yaml, b.yaml]\n", r"_BASE_ is \['a.yaml', 'b.yaml'\], not the path of one file"),
        ("[" * 5000, "is not YAML"),
    ],
)
def test_a_file_that_is_no_config_says_why(tmp_path, text, message):
    """In one line, with the file's name."""
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        with_bases(path)


@pytest.mark.parametrize("tag", ["object/apply:os.system", "object/new:os.system", "name:os.system", "module:os"])
@pytest.mark.parametrize(
    "text", ["OUTPUT_DIR: {}\n", "SOLVER: {{STEPS: !!python/tuple [{}]}}\n", "{}: 1\n", "_BASE_: {}\n"]
)
def test_configs_are_data(tmp_path, tag, text):
    """Nothing in them is run, whatever the tag, wherever it stands; also in the base of another."""
    mark = tmp_path / "mark"
    value = yaml_payload(mark) if tag == "object/apply:os.system" else f"!!python/{tag} ['touch {mark}']"
    (tmp_path / "bad.yaml").write_text(text.format(value))
    (tmp_path / "good.yaml").write_text("_BASE_: bad.yaml\nSEED: 1\n")
    for name in ("bad.yaml", "good.yaml"):
        with pytest.raises(ValueError, match="bad.yaml' is not YAML: could not determine a constructor for the tag"):
            with_bases(tmp_path / name)
    assert not mark.exists()


def test_tuples_of_detectron2s_own_configs_are_read(tmp_path):
    """As some in the wild have them."""
    (tmp_path / "a.yaml").write_text("SOLVER: {STEPS: !!python/tuple [1, 2]}\n")
    assert with_bases(tmp_path / "a.yaml")[0][1] == {"SOLVER": {"STEPS": (1, 2)}}


def test_a_base_with_a_name_that_is_too_long_names_its_file(tmp_path):
    """The system's own error names the base alone, at length."""
    path = tmp_path / "mine.yaml"
    path.write_text(f"_BASE_: {'x' * 5000}\n")
    with pytest.raises(FileNotFoundError, match="the _BASE_ of config file .*mine.yaml") as caught:
        with_bases(path)
    assert len(str(caught.value)) < 1000


def test_a_number_of_thousands_of_digits_is_no_yaml(tmp_path):
    """Python refuses to read it; the message names the file."""
    path = tmp_path / "mine.yaml"
    path.write_text(f"SEED: {'9' * 5000}\n")
    with pytest.raises(ValueError, match="mine.yaml' is not YAML: Exceeds the limit"):
        with_bases(path)
