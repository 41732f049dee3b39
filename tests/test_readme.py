"""README.md says what the project does now."""

from pathlib import Path

from ablations.__main__ import main

README = Path(__file__).parent.parent / "README.md"


def between(begin, end):
    """Text of the README between two marks."""
    return README.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0].strip()


def test_its_table_is_the_published_one(capsys):
    """Between the marks stands what the command in the first mark prints."""
    command = "python -m ablations table 2b --scale mini --published --seeds 0"
    shown = between(f"<!-- BEGIN table 2b, written by `{command}` -->\n", "<!-- END table 2b -->")
    assert main(command.split()[3:]) == 0
    assert shown == capsys.readouterr().out.strip()


def test_its_verdicts_are_those_of_the_published_results(capsys):
    """As above, of the claims."""
    command = "python -m ablations claims --scale mini --published"
    shown = between(f"<!-- BEGIN claims, the last line of `{command}` -->\n", "<!-- END claims -->")
    assert main(command.split()[3:]) == 0
    assert shown == capsys.readouterr().out.strip().splitlines()[-1]
