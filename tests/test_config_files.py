"""Where configs are found."""

import pytest

from mask_rcnn_paper.config_files import CONFIG_ROOT, config_name, find_config, with_bases

ROW = CONFIG_ROOT / "table2b" / "softmax.yaml"


@pytest.mark.parametrize(
    "name", ["table2b/softmax.yaml", "configs/table2b/softmax.yaml", "./configs/table2b/softmax.yaml"]
)
def test_our_configs_are_found_from_anywhere(place, tmp_path, monkeypatch):
    """As the README writes them, also where the package is installed and there is no configs/ beside."""
    monkeypatch.chdir(tmp_path)
    name = f"{place}table2b/softmax.yaml"
    assert find_config(name) == ROW
    assert config_name(name) == "table2b/softmax"


def test_a_file_of_the_users_comes_first(tmp_path, monkeypatch):
    """Under the same name as ours."""
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "table2b" / "softmax.yaml"
    mine.parent.mkdir()
    mine.write_text("")
    assert find_config("table2b/softmax.yaml").resolve() == mine.resolve()
    assert config_name("table2b/softmax.yaml") == "softmax"


def test_a_config_that_is_not_there_says_where_it_was_looked_for():
    """And which command lists those there are."""
    with pytest.raises(FileNotFoundError, match="'table2b/none.yaml' is not a file, nor is it under .*ablations list"):
        find_config("table2b/none.yaml")


def test_bases_are_followed_to_the_last(tmp_path):
    """Each once, also in a circle; a file that cannot be read ends the chain."""
    assert [path.name for path in with_bases(ROW)][0] == "softmax.yaml"
    assert with_bases(ROW)[-1].name.startswith("Base-")
    for name, base in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.yaml").write_text(f"_BASE_: {base}.yaml\n")
    assert [path.stem for path in with_bases(tmp_path / "a.yaml")] == ["a", "b"]
    (tmp_path / "b.yaml").write_text("{")
    assert [path.stem for path in with_bases(tmp_path / "a.yaml")] == ["a", "b"]
