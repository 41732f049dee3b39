"""The command of the benchmarks."""

import pytest

from benchmarks.__main__ import PARTS, main


@pytest.mark.parametrize(
    ("words", "message"), [(["speed"], f"speed: choose from {', '.join(PARTS)}"), (["--rounds", "2"], "at least 3")]
)
def test_bad_input_ends_in_one_line(monkeypatch, capsys, words, message):
    """With exit code 2, before anything is measured."""
    monkeypatch.setattr("sys.argv", ["benchmarks", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
