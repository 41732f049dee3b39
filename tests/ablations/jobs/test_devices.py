"""Which GPUs jobs get; there need be none here."""

import pytest

from ablations.jobs.devices import device_sets, visible_devices


def test_the_callers_choice_of_gpus_is_kept():
    """By index, by the names that CUDA_VISIBLE_DEVICES lists, or none."""
    assert visible_devices({}, 3) == ("0", "1", "2")
    assert visible_devices({"CUDA_VISIBLE_DEVICES": "5, 2"}, 2) == ("5", "2")
    assert visible_devices({"CUDA_VISIBLE_DEVICES": "GPU-ab12,-1,3"}, 1) == ("GPU-ab12",)
    assert visible_devices({"CUDA_VISIBLE_DEVICES": ""}, 0) == visible_devices({}, 0) == ()


@pytest.mark.parametrize(
    "count, per_job, sets",
    [
        (4, None, [("0",), ("1",), ("2",), ("3",)]),
        (4, 2, [("0", "1"), ("2", "3")]),
        (5, 2, [("0", "1"), ("2", "3")]),
        (3, 3, [("0", "1", "2")]),
        (4, 0, []),
        (0, None, []),
        (0, 0, []),
    ],
)
def test_no_two_sets_share_a_gpu(count, per_job, sets):
    """As many sets as there are GPUs for; a left-over GPU stays idle."""
    assert device_sets(visible_devices({}, count), per_job) == sets


@pytest.mark.parametrize(
    "count, per_job, message",
    [
        (2, 3, r"--gpus-per-job 3: .* there are 2 \(0, 1\); give at most 2"),
        (0, 1, "--gpus-per-job 1: .* there is none; leave it out"),
        (2, -1, "--gpus-per-job -1: must be at least 0"),
    ],
)
def test_more_gpus_than_there_are(count, per_job, message):
    """Are an error that says how many there are."""
    with pytest.raises(ValueError, match=message):
        device_sets(visible_devices({}, count), per_job)
