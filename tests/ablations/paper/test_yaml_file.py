"""YAML files of data, right and wrong."""

import pytest

from ablations.paper.yaml_file import check_name, load_list
from tests.attacks import HOSTILE


def test_the_list_under_its_key_is_read(tmp_path):
    """As it stands there; other keys are nobody's business here."""
    (tmp_path / "x.yaml").write_text("things: [1, {a: b}]\nmore: 2\n")
    assert load_list(tmp_path / "x.yaml", "things") == [1, {"a": "b"}]


@pytest.mark.parametrize(
    "text, message",
    [("things: [", "is not YAML: "), ("[]", "has no list 'things' at its top"), ("things: 1", "has no list 'things'")],
)
def test_other_files_are_refused(tmp_path, text, message):
    """With the name of the file."""
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ValueError, match=f"x.yaml {message}"):
        load_list(tmp_path / "x.yaml", "things")


@pytest.mark.parametrize("name", ["2b", "text-4.2-agnostic", "r50_c4", "X", 2, 1.5, "a" * 100])
def test_names_have_an_alphabet(name):
    """A number is a name too; it becomes text."""
    assert check_name(name, "row 3", "id") == str(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "/x",
        "a/b",
        "a b",
        "-x",
        "_x",
        "a\n",
        "é",
        "a" * 101,
        HOSTILE,
        None,
        True,
        ["a"],
        {"a": 1},
    ],
)
def test_other_names_are_refused(name):
    """What would leave a folder, begin an option, or end an address."""
    with pytest.raises(ValueError, match="^row 3: run is .*: use letters, digits"):
        check_name(name, "row 3", "run")
