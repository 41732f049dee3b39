"""What commands print is shown, never obeyed."""

import argparse
import ast
import io
import json
import logging
import os
import subprocess
import sys
import unicodedata

import pytest

from mask_rcnn_paper.terminal import escape_logs, parse_words, say, visible
from tests.attacks import HOSTILE
from tests.test_floors import ROOT, modules

# What Unicode 15 lists under Bidi_Control, and byte order marks and tags, which no terminal shows.
UNSEEN = {chr(c) for c in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xE0041)}


def obeyed(character):
    """Whether a terminal, or who reads it, would take a character for something other than text."""
    return unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") or character in UNSEEN


def test_every_character_of_unicode():
    """Each that is obeyed becomes its code, also within text; all others stay."""
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if obeyed(character) and character not in "\t\n":
            assert visible(f"a{character}b").startswith("a\\u") and visible(character).isascii()
        elif not 0xE0000 <= number <= 0xE007F:
            assert visible(character) == character


def test_json_stays_json():
    """A parser finds the text that was there."""
    text = HOSTILE + "\u2066\U000e0041\x85"
    assert json.loads(visible(json.dumps([text], ensure_ascii=False))) == [text]


@pytest.mark.parametrize("encoding, shown", [("utf-8", "± \\u001b[2J é"), ("ascii", "\\u00b1 \\u001b[2J \\u00e9")])
def test_a_terminal_gets_what_it_can_show(encoding, shown):
    """Also one that knows ASCII alone."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    say("± \x1b[2J é", file=stream)
    assert stream.buffer.getvalue().decode(encoding) == shown + "\n"


def test_a_parser_quotes_visible_words(capsys):
    """Words may be names of files that a pattern found."""
    with pytest.raises(SystemExit) as error:
        parse_words(argparse.ArgumentParser(), ["--\x1b]0;title\x07"])
    assert error.value.code == 2
    assert "unrecognized arguments: --\\u001b]0;title\\u0007\n" in capsys.readouterr().err
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int)
    assert parse_words(parser, ["--n", "3"]).n == 3


def test_logs_are_visible():
    """What libraries colour loses the colour; arguments of a message count too."""
    before, stream = logging.getLogRecordFactory(), io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("test_terminal")
    logger.addHandler(handler)
    try:
        escape_logs()
        logger.warning("\x1b[32mgreen\x1b[0m %s", "\x1b[2Jcat\u202e")
    finally:
        logging.setLogRecordFactory(before)
        logger.removeHandler(handler)
    assert stream.getvalue() == "green \\u001b[2Jcat\\u202e\n"


def test_no_module_prints_by_itself():
    """Nor parses, so no command can forget to escape."""
    found = []
    for name, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and name != "mask_rcnn_paper.terminal":
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                found += [f"{name} calls {called}"] if called in ("print", "parse_args") else []
    assert found == []


def python(*words, **environment):
    """What a process of this project prints, and its exit code."""
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, env={**os.environ, **environment}
    )


def test_a_reader_who_has_enough_ends_a_command_without_a_word():
    """`head` closes the pipe; what follows is of no interest."""
    code = "from mask_rcnn_paper.terminal import say\nfor n in range(99999): say(n)"
    command = f"{sys.executable} -c '{code}' | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("0\n141\n", "")


def test_an_ascii_terminal_shows_codes():
    """Of what is said, printed by others, and logged."""
    code = """
import logging, sys
from mask_rcnn_paper.terminal import escape_logs, say
escape_logs()
logging.basicConfig(stream=sys.stdout, format="%(message)s")
say("a \\xe9"); print("b \\xe9"); logging.warning("c \\xe9")
"""
    done = python("-c", code, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (sorted(done.stdout.split("\n")), done.stderr) == (["", "a \\u00e9", "b \\u00e9", "c \\u00e9"], "")


@pytest.mark.parametrize("module", ["ablations", "mask_rcnn_paper.pretrain", "mask_rcnn_paper.doctor"])
def test_a_wrong_provider_is_one_line(module):
    """Of every command but the doctor, who goes on and reports it; a program that imports the package gets an error."""
    done = python("-m", module, "--help", MASK_RCNN_PAPER_DETECTRON2="x")
    if module == "mask_rcnn_paper.doctor":
        assert done.returncode == 0
    else:
        assert done.returncode == 2
        assert done.stderr.startswith(
            f"{module}: error: MASK_RCNN_PAPER_DETECTRON2='x': choose from upstream, embedded"
        )
        assert done.stderr.count("\n") == 1
    program = python("-c", "import mask_rcnn_paper", MASK_RCNN_PAPER_DETECTRON2="x")
    assert "ValueError: MASK_RCNN_PAPER_DETECTRON2='x'" in program.stderr
