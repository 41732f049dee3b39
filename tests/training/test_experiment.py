"""Which experiment a checkpoint is of."""

import pytest

from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.experiment import experiment_of, require_same
from mask_rcnn_paper.training.result_file import config_hash


def experiment(*opts, row="table2b/sigmoid.yaml"):
    """Of a row with these KEY VALUE pairs."""
    return experiment_of(load_cfg(row, "smoke", opts))


def refused(found, wanted):
    """The message with which a checkpoint is refused."""
    with pytest.raises(ValueError) as error:
        require_same(found, wanted, "o/model.pth")
    return str(error.value)


def test_the_hash_is_that_of_the_plan():
    """Also where the config has been adapted to the processes since."""
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke")
    planned = cfg.CONFIG_HASH = config_hash(cfg)
    cfg.SOLVER.BASE_LR = 7.0
    assert experiment_of(cfg)["config_hash"] == planned
    require_same(experiment_of(cfg), experiment(), "o/model.pth")


def test_where_and_how_to_run_may_differ():
    """As in a result's identity."""
    require_same(experiment(), experiment("OUTPUT_DIR", "x", "DATALOADER.NUM_WORKERS", "3"), "o/model.pth")


@pytest.mark.parametrize("key, before, now", [("SEED", 1, 2), ("SOLVER.MAX_ITER", 3, 4), ("SOLVER.BASE_LR", 0.5, 0.25)])
def test_what_differs_is_named(key, before, now):
    """With both values."""
    message = refused(experiment(key, str(before)), experiment(key, str(now)))
    assert message.startswith(f"--resume: o/model.pth is of another config: {key} was {before} and is {now}. ")


def test_a_default_is_called_so():
    """Experiments hold what is not the default."""
    assert ": SEED was 3 and is the default. Resume" in refused(experiment("SEED", "3"), experiment("SEED", "-1"))


def test_many_differences_are_counted():
    """Another row, of which the first five are named."""
    message = refused(experiment(), experiment(row="table6/roialign.yaml"))
    assert message.count(" was ") == 5
    assert " more. Resume with" in message


def test_a_hash_alone_can_differ():
    """Of a version that identifies configs in another way."""
    other = {**experiment(), "config_hash": "0" * 64}
    assert "its hash was 00000000 and is" in refused(other, experiment())
