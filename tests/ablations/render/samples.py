"""Tables with results, for every format."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from ablations.evidence.collect import ResultRow, TableResults, Value
from ablations.paper.tables import OURS, Delta, Metric, Row, Table, load_tables
from ablations.statistics.estimate import Estimate, Uncertainty
from tests.ablations.fakes import estimate

GOLDEN = Path(__file__).with_name("golden")
TABLES = cache(load_tables)
PROVIDER, BACKEND = "embedded 0.6+embedded", "pycocotools 2.0.11"


def golden(name: str) -> str:
    """A stored output, with its line ends as they are."""
    return (GOLDEN / name).read_bytes().decode()


def values(*means, spread=None, count=1):
    """A row's values; None where there is none."""
    return tuple(None if mean is None else Value(mean, spread, count) for mean in means)


def results_of(table, ours=None, notes=None, estimates=None, **changes):
    """Results of a table, or of the paper's table of that id; `ours`, `notes` and `estimates` by row id."""
    table = TABLES()[table] if isinstance(table, str) else table
    ours, notes, estimates = ours or {}, notes or {}, estimates or {}
    shown = [(row.id, row.label, row.origin, row.descriptors, row.paper, False) for row in table.rows]
    for delta in table.deltas:
        shown.append((f"{delta.minuend}-{delta.subtrahend}", delta.label, OURS, {}, delta.paper, True))
    nothing, no_notes = (None,) * len(table.metrics), ("",) * len(table.metrics)
    rows = tuple(
        ResultRow(*row, ours.get(row[0], nothing), notes.get(row[0], no_notes), is_delta, estimates.get(row[0], ()))
        for *row, is_delta in shown
    )
    given = {"scale": "mini", "seeds": (0,), "data": "mini_train -> mini_val", "rows": rows}
    given |= {"provider": PROVIDER, "coco_backend": BACKEND, "precision": "float32", **changes}
    return TableResults(table=table, **given)


def table_2b():
    """One seed, no gaps, a delta row."""
    ours = {"softmax": values(24.04, 51.6, 16.36), "sigmoid": values(36.0, 71.0, 28.3)}
    versions = {"mini_train": "v2", "mini_val": "v2"}
    # Both sources, one, and none.
    estimates = (Estimate(11.96, 1, Uncertainty(0.25, 4), Uncertainty(0.09, 500)), estimate(19.4, 2.0), estimate(11.94))
    ours |= {"sigmoid-softmax": values(11.96, 19.4, 11.94)}
    return results_of("2b", ours, estimates={"sigmoid-softmax": estimates}, data_versions=versions)


def table_2b_of_own_data():
    """As `table_2b`, of data that a user calls "a_b"."""
    versions = {"a_b_train": "sha256:00ff", "a_b_val": "sha256:11ee"}
    return replace(table_2b(), own_data="a_b", data="a_b_train -> a_b_val", data_versions=versions)


def awkward():
    """Two seeds; a cited row, a tie, a failure, a missing seed; every character that a format treats specially."""
    cited = Row("mnc", 'A|B & "C" [10]', (40.0, None), origin="cited", ref=10, source="X, 2016", descriptors={"d": 24})
    ours = (
        Row("plain", "100% <b>_x_</b>", (36.0, 55.5), config="a.yaml", run="a", descriptors={"d": True}),
        Row("tie", "# $5 {n}~^ \\ été Ж", (40.0, 60.0), config="b.yaml", run="b", descriptors={"d": "28·28²→80±1"}),
        Row("late", "[late]† *x*", (1.5, 2.5), config="c.yaml", run="c", descriptors={"d": False}),
    )
    table = Table(
        id="2_x",
        title="Specials & <others>",
        section="4.2",
        metrics=(Metric("segm/AP", "AP"), Metric("bbox/AP50", "AP^bb_50")),
        rows=(cited, *ours),
        deltas=(Delta("tie", "plain", (4.0, 4.5), "tie - plain"),),
        descriptors={"d": "depth_d"},
        note="100 % sure --",
    )
    failed = "failed: exit code 1; last line: KeyError: 'a_b' & <c> --x \\y\x07"
    late = "seed 1: not run"
    return results_of(
        table,
        {
            "plain": values(36.04, 55.5, spread=0.31, count=2),
            "tie": values(35.96, None, spread=1.0, count=2),
            "late": (None, Value(-0.04, None, 1)),
            "tie-plain": (Value(-0.08, 0.7, 2), None),
        },
        {
            "mnc": ("cited by the paper: [10] X, 2016",) * 2,
            "tie": ("", failed),
            "late": (failed, late),
            "tie-plain": ("", "needs both rows"),
        },
        scale="paper",
        seeds=(0, 1),
        data_versions={"mini_train": "sha256:00ff", "mini_val": "v2"},
    )
