"""`python -m ablations timing`, with a clock that is told."""

import itertools
import json

import pytest

from ablations.__main__ import main
from ablations.evidence.times import TIMING, read_times
from ablations.jobs.recipe import read_recipe
from ablations.paper.claims import load_claims
from ablations.paper.tables import load_tables
from ablations.timing import command
from ablations.timing.command import choose_rows
from mask_rcnn_paper.timing.parts import PARTS

TABLES = load_tables()
CLAIMS = list(load_claims(TABLES).values())


class FakeTest:
    """In place of a network at test: it takes a second for each part, and finds 20."""

    detections = 20

    def __init__(self, subject, clock=None):
        self.subject = subject

    def __call__(self):
        return dict.fromkeys(PARTS, 1.0)


@pytest.fixture
def timing(tmp_path, monkeypatch, capsys):
    """Run the command without networks; returns its exit code, stdout and stderr."""
    steps = itertools.count(1)
    monkeypatch.setattr(command, "TestTurn", FakeTest)
    monkeypatch.setattr(command, "training_turn", lambda subject, clock: lambda: float(next(steps)))
    monkeypatch.setattr(command, "_in_a_process", lambda subject: {"process": 900.0})
    monkeypatch.setattr(command.torch, "set_num_threads", lambda number: None)

    def call(words):
        argv = ["timing", *words.split(), "--scale", "smoke", "--output", str(tmp_path)]
        try:
            code = main(argv)
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return call


def test_rows_take_turns_and_are_printed(timing):
    """Two rows, three rounds: steps 1 and 2 do not count, then the first has 3, 5 and 7, the other 4, 6 and 8."""
    code, out, _ = timing("--rows 2b/sigmoid r50_fpn --rounds 3 --format json")
    assert code == 0
    rows = json.loads(out)["rows"]
    assert [row["name"] for row in rows] == ["2b/sigmoid", "2a/r50_fpn"]
    assert [row["steps"] for row in rows] == [[3, 5, 7], [4, 6, 8]]


def test_what_was_measured_is_kept_beside_the_runs(timing, tmp_path):
    """Under the config of the job of seed 0, where `table` and `claims` find it."""
    code, out, _ = timing("--rows 2b/sigmoid --rounds 3 --device cpu")
    assert code == 0
    assert out.startswith("Times at scale smoke")
    digest = read_recipe("table2b/sigmoid.yaml", "smoke", ("SEED", "0")).config_hash
    times = read_times(tmp_path / "smoke")
    assert times[digest]["time"] == {"inference": 6000.0, "resizing": 1000.0, "frames": 1 / 7}
    assert json.loads((tmp_path / "smoke" / TIMING).read_text())["scale"] == "smoke"


def test_by_default_the_rows_that_the_paper_times_are_measured():
    """Those of the text, and of claims about time, each model once; what is not built is left out."""
    rows = choose_rows(TABLES, CLAIMS, ())
    runs = [row.run for row in rows.values()]
    expected = ["r101_fpn_shared", "r101_c4", "r101_fpn", "faster_r101_fpn", "kp_mask_r50_fpn", "r50_fpn"]
    assert [run for run in runs if run in expected] == expected
    assert len(set(runs)) == len(runs)
    assert all(row.config for row in rows.values())


@pytest.mark.parametrize(
    "words, message",
    [
        ("--rounds 2", "--rounds 2: must be at least 3, for a spread"),
        ("--device tpu", "--device tpu: choose from cpu"),
        ("--rows 2b/sigmod", "unknown row '2b/sigmod': choose from 2b/softmax, 2b/sigmoid"),
        ("--rows 2b/sigmoid SOLVER.MAX_ITR 3", "SOLVER.MAX_ITR"),
        ("--data pets.yaml", "--data pets.yaml: images are drawn, whatever the data: leave it out"),
        ("--scale tiny", "scale 'tiny': choose from paper, short, mini, smoke"),
    ],
)
def test_bad_input_is_one_line(words, message, tmp_path, capsys):
    """With exit code 2, before anything is measured."""
    head, _, tail = words.partition(" SOLVER")
    argv = ["timing", *head.split(), "--output", str(tmp_path), *f"SOLVER{tail}".split()[: 2 * bool(tail)]]
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_real_networks_are_measured(tmp_path, capsys):
    """At smoke scale, C4 beside Faster R-CNN with FPN; each process has a peak of its own."""
    argv = ["timing", "--rows", "2b/sigmoid", "3/faster_rcnn_roialign_r101_fpn", "--scale", "smoke", "--rounds", "3"]
    argv += ["--device", "cpu", "--output", str(tmp_path), "--format", "json", "MODEL.RESNETS.DEPTH", "50"]
    assert main(argv) == 0
    c4, faster = json.loads(capsys.readouterr().out)["rows"]
    assert c4["shares"]["mask"] > 0 == faster["shares"]["mask"]
    assert sum(c4["shares"].values()) == pytest.approx(1, abs=0.2)
    assert c4["detections"] == faster["detections"] == 20
    assert c4["peak_memory"] != faster["peak_memory"]
