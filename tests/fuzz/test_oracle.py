"""The oracle sees what it is there to see."""

import sys
import time
from pathlib import Path

import pytest

from tests.attacks import HOSTILE
from tests.fuzz import oracle
from tests.fuzz.oracle import ACCEPTED, FAILED, REFUSED, Case, Wrong, judge


def says(line, code=2):
    """A command that says this and ends with this code."""

    def call():
        print(line, file=sys.stderr)
        sys.exit(code)

    return call


def raises(error):
    """A command that lets an exception through."""

    def call():
        raise error

    return call


GOOD = "prog: error: file.yaml: id is -1: give one from 0 on"


@pytest.mark.parametrize("code, state", [(None, ACCEPTED), (0, ACCEPTED), (2, REFUSED)])
def test_what_keeps_the_rule(tmp_path, code, state):
    """A command that returns, and one that refuses in one line, whatever a library has logged before."""
    call = says(f"[a warning]\n{GOOD}", 2) if code == 2 else lambda: code
    outcome = judge(Case(call, "", tmp_path, ("file.yaml",)))
    assert (outcome.state, outcome.said) == (state, GOOD if code == 2 else "")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (raises(TypeError("no len()")), "traceback: TypeError: no len"),
        (raises(RecursionError()), "traceback: RecursionError"),
        (says("", 2), "0 lines of error"),
        (says(f"{GOOD}\n{GOOD}"), "2 lines of error"),
        (says("prog: error: id is -1: give one from 0 on"), "does not say where"),
        (says("prog: error: file.yaml"), "does not say what"),
        (says("prog: error: file.yaml: AssertionError without a message"), "does not say what"),
        (says(f"prog: error: file.yaml: id is {'9' * 4000}"), "characters"),
        (says(GOOD, 3), "exit code 3"),
        (says(f"{GOOD} {HOSTILE}".replace("\n", " ")), "the terminal gets"),
        (lambda: print("Traceback (most recent call last)"), "a traceback is printed"),
        (lambda: Path("mark-of-code").touch(), "code from data was run"),
        (lambda: Path("in.json").write_text("x"), "in.json was changed"),
        (lambda: Path(".out.json.1.tmp").touch(), "half-written"),
        (lambda: (Path("out.json").touch(), says(GOOD)()), "out.json is left of a refusal"),
    ],
)
def test_what_breaks_the_rule(tmp_path, call, said):
    """A traceback, no line, two, one that says little, too much or orders; code, changes, leftovers."""
    (tmp_path / "in.json").write_text("{}")
    outcome = judge(Case(call, "", tmp_path, ("file.yaml",)))
    assert outcome.state == FAILED
    assert said in outcome.said


def test_what_is_taken_and_wrong(tmp_path):
    """Each border says what that is."""

    def sound(code):
        raise Wrong("a box outside its image")

    assert judge(Case(lambda: 0, "", tmp_path, sound=sound)).said == "a box outside its image"


@pytest.mark.parametrize("limit", ["CPU_LIMIT", "WALL_LIMIT"])
def test_what_never_ends(tmp_path, monkeypatch, limit):
    """Whether it works or waits; not even by `except Exception`."""
    monkeypatch.setattr(oracle, limit, 0.2)

    def call():
        while True:
            try:
                while limit == "CPU_LIMIT":
                    pass
                time.sleep(60)
            except Exception:
                pass

    assert "still at it" in judge(Case(call, "", tmp_path)).said
