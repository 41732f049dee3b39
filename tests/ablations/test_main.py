"""The command line."""

import pytest

from ablations.__main__ import main, split_opts


@pytest.mark.parametrize("words", ["", "plot", "run", "run 2b --format pdf", "run 2b --jobs two"])
def test_argparse_errors_exit_with_2(words):
    """Unknown commands, formats and missing arguments are argparse's business."""
    with pytest.raises(SystemExit) as error:
        main(words.split())
    assert error.value.code == 2


def test_opts_start_at_the_first_config_key():
    """Table ids, rows, paths and numbers are no keys."""
    words = ["run", "2b", "text-4.2-agnostic", "TM-4", "--output", "out.d/x", "--seeds", "0", "1"]
    opts = ["MODEL.ROI_MASK_HEAD.LOSS", "softmax", "SEED", "1"]
    assert split_opts([*words, *opts]) == (words, opts)
