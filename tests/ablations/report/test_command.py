"""The command, on statuses that only pretend to be of runs."""

import ast
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

import ablations.__main__ as cli
from ablations.evidence import sources
from ablations.jobs.folder import WAITING, Status
from ablations.report import command
from tests.ablations import fakes

PACKAGE = Path(command.__file__).parents[1]
# What takes seconds to import, and the modules that need it on every use.
SLOW = {"cv2", "detectron2", "matplotlib", "numpy", "pandas", "pycocotools", "torch"}
LATE = {f"ablations.report.{name}" for name in ("object_colours", "predictions", "strips")}


def status_of(job):
    """Table 2b's rows are finished with each seed."""
    aps = {"r50_c4": (36.0, 71.0, 28.0), "r50_c4_softmax": (24.0, 52.0, 16.0)}.get(
        job.folder.name.rpartition("-seed")[0]
    )
    return fakes.finished(aps) if aps else Status(WAITING, "not run")


@pytest.fixture
def report(tmp_path, monkeypatch, capsys):
    """Run the command; returns its exit code, the page as text, and stderr."""
    monkeypatch.setattr(sources, "read_statuses", lambda jobs: {i: status_of(job) for i, job in jobs.items()})
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "nothing")
    for scale in ("mini", "paper"):
        (tmp_path / scale).mkdir()
    out = tmp_path / "pages" / "report.html"

    def call(words, *opts):
        try:
            code = cli.main(["report", *words.split(), "--output", str(tmp_path), "--out", str(out), *opts])
        except SystemExit as error:
            code = error.code
        printed = capsys.readouterr()
        assert printed.out == (f"{out}\n" if code == 0 and out.exists() else "")
        return code, out.read_text("utf-8") if out.exists() else "", printed.err

    return call


def text(page):
    """All text of a page."""
    return " ".join("".join(ElementTree.fromstring(page).itertext()).split())


def test_a_report_of_some_tables_has_them_and_the_claims_about_them(report):
    """Claims that compare with a row of another table are judged too."""
    code, page, err = report("2b 2d --scale mini --seeds 0 1")
    assert code == 0
    assert err.endswith("MB, for any browser\n")
    ids = {element.get("id") for element in ElementTree.fromstring(page).iter()}
    assert {"claims", "table-2b", "claim-2b-sigmoid", "claim-2d-c5-over-c4", "table-2d"} <= ids
    assert not {"table-2c", "claim-2e-fcn-over-mlp2"} & ids
    assert "+12.0 [+12.0, +12.0] (2 seeds; seeds ± 0.0)" in text(page)


def test_two_reports_are_the_same_bytes(report):
    """Nothing in them depends on when they were made."""
    assert report("2b --scale mini")[1] == report("2b --scale mini")[1]


def test_nothing_published_is_said(report):
    """One line for the missing pictures, one for the missing results."""
    code, page, _ = report("2b --scale mini --published")
    assert code == 0
    assert "Made from published results" in text(page)
    assert "There are no results yet" in text(page)
    assert "published with the project, ablations/results/mini" in text(page)


def test_a_table_without_claims_has_a_report(report):
    """Figure 10 of TensorMask has no sentence of its own."""
    assert "The paper makes no claim about these tables." in text(report("TM-fig10 --scale mini")[1])


def test_a_picture_is_written_instead(tmp_path, report, monkeypatch):
    """Whole, to the place asked for."""
    monkeypatch.setattr(command, "report_picture", lambda contents: b"picture")
    code = cli.main(["report", "2b", "--scale", "mini", "--picture", str(tmp_path / "p.png")])
    assert code == 0
    assert (tmp_path / "p.png").read_bytes() == b"picture"
    assert not (tmp_path / "pages").exists()


@pytest.mark.parametrize(
    "words, opts, message",
    [
        ("2z", (), "unknown table '2z': choose from 1, 2a"),
        ("2b --scale tiny", (), "scale 'tiny': choose from paper, short, mini, smoke"),
        ("2b --seeds -1", (), "--seeds -1: must be at least 0"),
        ("2b", ("SEED", "3"), "SEED cannot be given as KEY VALUE: use --seeds"),
        ("2b --scale mini --picture p.png", (), "none of the tables has both results and predictions"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(report, words, opts, message):
    """And no page is written."""
    code, page, err = report(words, *opts)
    assert (code, page) == (2, "")
    assert err.startswith("ablations: error: ")
    assert message in err
    assert err.count("\n") == 1


def imported_at_once(path):
    """Modules that a file imports wherever it is imported: not within functions, nor for annotations alone."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize(
    "path", sorted([*PACKAGE.glob("render/*.py"), *PACKAGE.glob("report/*.py")]), ids=lambda p: p.stem
)
def test_what_takes_seconds_is_imported_by_those_who_need_it(path):
    """A page without predictions waits for nothing that reads or draws them, and `--help` for nothing at all."""
    slow = {name for name in imported_at_once(path) if name in LATE or name.partition(".")[0] in SLOW}
    assert not slow or f"ablations.{path.parent.name}.{path.stem}" in LATE


def test_importing_the_command_takes_no_seconds():
    """With all that it stands on: a table or a page of published results needs neither torch nor OpenCV."""
    code = "import sys, ablations.report.command, ablations.render; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert SLOW.isdisjoint(loaded.stdout.split())
