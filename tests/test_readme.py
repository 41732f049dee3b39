"""README.md says what the project does now."""

from pathlib import Path

from ablations.__main__ import main

README = Path(__file__).parent.parent / "README.md"


def test_its_table_is_the_published_one(capsys):
    """Between the marks stands what the command in the first mark prints."""
    command = "python -m ablations table 2b --scale mini --published"
    begin, end = f"<!-- BEGIN table 2b, written by `{command}` -->\n", "<!-- END table 2b -->"
    shown = README.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]
    assert main(command.split()[3:]) == 0
    assert shown.strip() == capsys.readouterr().out.strip()
