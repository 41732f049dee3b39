"""Times beside results."""

import json
import math
from statistics import NormalDist

import pytest

from ablations.evidence.estimates import Estimator
from ablations.evidence.image_replicates import ImageReplicates
from ablations.evidence.measure import measure
from ablations.evidence.sources import Source
from ablations.evidence.times import TIMED, TIMING, publish_times, read_times, with_times
from ablations.jobs.folder import WAITING, Status
from ablations.jobs.plan import Plan
from tests.ablations import fakes


def spreads(median, low, high):
    return {name: {"median": median, "low": low, "high": high} for name in TIMED}


def write(folder, **medians):
    """Times by config hash: median, quartiles."""
    rows = [{"config_hash": name, "metrics": spreads(*numbers)} for name, numbers in medians.items()]
    folder.mkdir(exist_ok=True)
    (folder / TIMING).write_text(json.dumps({"rounds": 9, "rows": rows}))
    return folder


def test_a_finished_row_has_the_times_of_its_config(tmp_path):
    """Beside the time of its own training; others stay as they are."""
    times = read_times(write(tmp_path, h=(200.0, 190.0, 220.0)))
    status = with_times(fakes.finished((30.0, 1, 2), time={"iteration": 0.5}), "h", times)
    assert measure(status, "time/inference") == (200.0, "")
    assert measure(status, "time/iteration") == (0.5, "")
    other = fakes.finished((30.0, 1, 2))
    assert with_times(other, "g", times) is other
    cure = "measure it with `python -m ablations timing`"
    assert measure(other, "time/inference") == (None, f"the result has no time/inference: {cure}")
    waiting = Status(WAITING)
    assert with_times(waiting, "h", times) is waiting


def test_without_a_measurement_there_are_none(tmp_path):
    """Where nothing was measured."""
    assert read_times(tmp_path) == {}


@pytest.mark.parametrize("text", ["[]", "{", '{"rows": [{"config_hash": 1}], "rounds": 9}', '{"rows": 3}'])
def test_a_damaged_file_of_times_is_refused(tmp_path, text):
    """With the cure."""
    (tmp_path / TIMING).write_text(text)
    with pytest.raises(ValueError, match="timing.json is damaged: .*: measure anew with `python -m ablations timing`"):
        read_times(tmp_path)


@pytest.mark.parametrize("published", [False, True])
def test_results_are_read_with_their_times(tmp_path, published, monkeypatch):
    """Of runs, and of what the repository keeps."""
    job = fakes.job(tmp_path, "row")
    result = {"metrics": {"segm": {"AP": 30.0}}, "config_hash": "h"}
    monkeypatch.setattr("ablations.evidence.sources.PUBLISHED", tmp_path / "kept")
    place = tmp_path / "kept/mini/detector/row.json" if published else job.folder.path / "result.json"
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(result))
    source = Source(write(tmp_path / "mini", h=(200.0, 190.0, 220.0)), published)
    assert source.statuses(fakes.graph(job))[job.identity].result["time"]["inference"] == 200.0


def test_times_are_published_with_the_results(tmp_path):
    """Byte for byte; nothing where nothing was measured."""
    assert publish_times(tmp_path, tmp_path / "kept") == []
    write(tmp_path, h=(200.0, 190.0, 220.0))
    (tmp_path / "kept").mkdir()
    (path,) = publish_times(tmp_path, tmp_path / "kept")
    assert path.read_bytes() == (tmp_path / TIMING).read_bytes()


A, B = ("t", "a"), ("t", "b")


def estimate(tmp_path, terms, difference, logarithmic):
    """Of rows of one seed, a of 400 ms and b of 200 ms, with quartiles of 10 %; others have no times."""
    times = read_times(write(tmp_path, a=(400.0, 380.0, 420.0), b=(200.0, 190.0, 210.0)))
    statuses = {name: with_times(fakes.finished((1, 2, 3)), name, times) for name in ("a", "b", "c")}
    plan = Plan({}, {("t", name, 0): name for name in statuses}, "mini")
    estimator = Estimator(plan, (0,), statuses, ImageReplicates(lambda identity: None))
    return estimator.estimate(terms, {0: difference}, logarithmic)


def test_a_median_over_turns_is_as_uncertain_as_that_of_normal_values(tmp_path):
    """Its standard error is sqrt(pi / 2n) deviations, one of which is the quartiles' distance over 1.349."""
    terms = {(A, "time/inference"): 1.0, (B, "time/inference"): -1.0}
    found = estimate(tmp_path, terms, math.log(2), True)
    deviation = math.log(420 / 380) / (2 * NormalDist().inv_cdf(0.75))
    assert found.over_seeds.variance == pytest.approx(2 * deviation**2 * math.pi / 2 / 9)
    assert found.over_seeds.freedom == pytest.approx(16)
    assert found.over_both == found.over_seeds
    plain = estimate(tmp_path, terms, 200.0, False)
    assert plain.over_seeds.variance == pytest.approx((40**2 + 20**2) / 1.3489795**2 * math.pi / 2 / 9)


def test_a_row_without_times_leaves_it_unknown(tmp_path):
    """As a row of one seed does whose noise nobody knows."""
    terms = {(A, "time/inference"): 1.0, (("t", "c"), "time/inference"): -1.0}
    assert estimate(tmp_path, terms, 1.0, True).over_both is None
