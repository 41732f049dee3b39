"""Metrics on other draws of the images, from what evaluations of small data matched."""

import numpy as np
import pytest

from ablations.evidence.image_replicates import ImageReplicates
from ablations.statistics.images import REPLICATES
from mask_rcnn_paper.coco.backends import PycocotoolsEval
from mask_rcnn_paper.coco.bootstrap import bootstrap_weights
from tests.coco.perturbed import dataset, detections, evaluated


@pytest.fixture(scope="module")
def matches():
    """Of boxes, of two evaluations of one dataset."""
    data = dataset(0)
    found = (detections(data, seed, 6) for seed in (0, 1))
    return {f"job{n}": {"bbox": evaluated(PycocotoolsEval, data, f, "bbox").matches()} for n, f in enumerate(found)}


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache."""
    monkeypatch.setenv("MASK_RCNN_PAPER_CACHE", str(tmp_path))
    return tmp_path


def test_they_are_the_metric_on_each_draw(matches, cache):
    """The same draws for every job, and the number of images."""
    replicates = ImageReplicates(matches.get)
    for name in ("AP", "AP50"):
        for job in matches:
            values, images = replicates.of(job, f"bbox/{name}")
            weights = bootstrap_weights(images, REPLICATES, seed=0)
            np.testing.assert_array_equal(values, matches[job]["bbox"].average_precision(name, weights))
            assert images == len(matches[job]["bbox"].image_ids)


def test_what_has_been_computed_is_kept(matches, cache):
    """Bit for bit, by what was matched and not by the name of the job; draws without a value too."""
    before, _ = ImageReplicates(matches.get).of("job0", "bbox/APl")
    assert len(list(cache.rglob("*.json"))) == 1
    after, _ = ImageReplicates({"other": matches["job0"]}.get).of("other", "bbox/APl")
    np.testing.assert_array_equal(after, before)
    assert len(list(cache.rglob("*.json"))) == 1
    ImageReplicates(matches.get).of("job1", "bbox/APl")
    assert len(list(cache.rglob("*.json"))) == 2


@pytest.mark.parametrize("metric", ["segm/AP", "bbox/AP-car", "count/parameters", "time/iteration", "bbox/AR@100"])
def test_what_was_not_matched_has_none(matches, cache, metric):
    """Another task, one category, costs."""
    assert ImageReplicates(matches.get).of("job0", metric) is None


def test_a_job_without_matches_has_none(matches, cache):
    """A result that is older than they are."""
    assert ImageReplicates(matches.get).of("older", "bbox/AP") is None


def test_a_cache_that_cannot_be_written_costs_time_alone(matches, tmp_path, monkeypatch):
    """The values are there."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MASK_RCNN_PAPER_CACHE", str(tmp_path / "file"))
    assert np.isfinite(ImageReplicates(matches.get).of("job0", "bbox/AP")[0]).all()
