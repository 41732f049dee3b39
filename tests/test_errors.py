"""Bad input: one line, exit code 2."""

import pytest

from mask_rcnn_paper.errors import one_line_errors


@pytest.mark.parametrize(
    "error, text",
    [
        (ValueError("scale 'x':\n   choose"), "scale 'x': choose"),
        (KeyError("Non-existent config key: X"), "Non-existent config key: X"),
        (FileNotFoundError("no file"), "no file"),
        (AssertionError("list has odd length"), "list has odd length"),
        (AssertionError(), "AssertionError without a message"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(capsys, error, text):
    """Message on stderr without quotes or line breaks."""
    with pytest.raises(SystemExit) as exit_info, one_line_errors("prog"):
        raise error
    assert exit_info.value.code == 2
    assert capsys.readouterr().err == f"prog: error: {text}\n"


def test_bugs_keep_their_traceback():
    """Other exceptions pass through."""
    with pytest.raises(ZeroDivisionError), one_line_errors("prog"):
        raise ZeroDivisionError


def test_only_the_given_types_mean_bad_input():
    """Where types are given, a ValueError is a bug."""
    with pytest.raises(ValueError, match="inside"), one_line_errors("prog", OSError):
        raise ValueError("inside")


@pytest.mark.parametrize("character", ["9", "\x00"])
def test_a_line_is_not_longer_than_a_reader_takes_in(capsys, character):
    """What is quoted is cut, and the cure at the end stays."""
    with pytest.raises(SystemExit), one_line_errors("prog"):
        raise ValueError(f"id is {character * 100_000}: give a smaller one")
    line = capsys.readouterr().err
    assert len(line) < 2000
    assert line.startswith("prog: error: id is ") and line.endswith(": give a smaller one\n")
