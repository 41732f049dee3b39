"""README.md says what the project does now."""

from pathlib import Path

from ablations.__main__ import main
from ablations.own_data import parse_data
from tests.own_files import write_own

README = Path(__file__).parent.parent / "README.md"


def test_its_table_is_the_published_one(capsys):
    """Between the marks stands what the command in the first mark prints."""
    command = "python -m ablations table 2b --scale mini --published"
    begin, end = f"<!-- BEGIN table 2b, written by `{command}` -->\n", "<!-- END table 2b -->"
    shown = README.read_text(encoding="utf-8").partition(begin)[2].partition(end)[0]
    assert main(command.split()[3:]) == 0
    assert shown.strip() == capsys.readouterr().out.strip()


def test_its_data_file_says_what_can_be_said(tmp_path):
    """The YAML of "Your own data" is read as it stands, with every option there is."""
    text = README.read_text(encoding="utf-8").partition("## Your own data")[2].partition("```yaml\n")[2]
    path = write_own(tmp_path) / "pets.yaml"
    for split in ("train", "val"):
        (tmp_path / f"{split}_images").mkdir()
    path.write_text(text.partition("```")[0], encoding="utf-8")
    found = parse_data(str(path))
    assert found.name == "pets" and len(found.opts) == 2 * 7
