"""The command line."""

import os

import pytest

from ablations.__main__ import main, split_opts


@pytest.mark.parametrize("words", ["", "plot", "run", "run 2b --format pdf", "run 2b --jobs two"])
def test_argparse_errors_exit_with_2(words):
    """Unknown commands, formats and missing arguments are argparse's business."""
    with pytest.raises(SystemExit) as error:
        main(words.split())
    assert error.value.code == 2


@pytest.mark.parametrize("given, used", [(None, "passive"), ("active", "active")])
def test_idle_threads_sleep_unless_the_environment_says_otherwise(monkeypatch, given, used):
    """Of every command, before it imports torch."""
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    if given:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    monkeypatch.setattr("ablations.commands.list_tables", lambda args, opts: os.environ["OMP_WAIT_POLICY"])
    assert main(["list"]) == used


def test_ctrl_c_is_one_line(monkeypatch, capsys):
    """Whatever the command was doing."""

    def interrupted(args, opts):
        raise KeyboardInterrupt

    monkeypatch.setattr("ablations.commands.list_tables", interrupted)
    assert main(["list"]) == 130
    assert capsys.readouterr().err == "\nablations: interrupted\n"


def test_opts_start_at_the_first_config_key():
    """Table ids, rows, paths and numbers are no keys."""
    words = ["run", "2b", "text-4.2-agnostic", "TM-4", "--output", "out.d/x", "--seeds", "0", "1"]
    opts = ["MODEL.ROI_MASK_HEAD.LOSS", "softmax", "SEED", "1"]
    assert split_opts([*words, *opts]) == (words, opts)


def test_options_may_follow_the_opts():
    """They begin with a dash where a key is due; a value may begin with one."""
    words, opts = ["run", "2b", "--scale", "mini"], ["MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0", "SEED", "1"]
    assert split_opts([*words[:2], *opts, *words[2:]]) == (words, opts)
