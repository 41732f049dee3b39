"""A run that was interrupted and resumed, against one that never was."""

import random

import numpy as np
import pytest
import torch
from detectron2.engine import HookBase, default_setup
from detectron2.evaluation import DatasetEvaluator
from detectron2.utils import comm
from torch import nn

from mask_rcnn_paper.files import read_json
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.result_file import RESULT_FILE
from mask_rcnn_paper.training.resume import ExactResumeHook, get_rng_state, kept_rng_state, set_rng_state
from mask_rcnn_paper.training.trainer import Trainer


class NoisyModel(nn.Module):
    """Its loss depends on the images, their order and augmentation, all three generators, and a moving average."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, batch):
        features = torch.stack([s["image"].float().mean((1, 2)) / 255 + s["image"].shape[1] for s in batch])
        if not self.training:
            return self.layer(features)
        noise = random.random() + np.random.rand()
        self.loss_normalizer = 0.9 * getattr(self, "loss_normalizer", 100) + 0.1 * float(features.mean())
        loss = self.layer(nn.functional.dropout(features / 100, 0.5)).square().mean()
        return {"loss": loss * noise / self.loss_normalizer}


class Drawing(DatasetEvaluator):
    """The sum of the outputs; draws from all generators."""

    def reset(self):
        self.sum = 0.0

    def process(self, inputs, outputs):
        self.sum += outputs.sum().item()

    def evaluate(self):
        random.random(), np.random.rand(), torch.rand(1)
        return {"bbox": {"AP": self.sum}}


class NoisyTrainer(Trainer):
    """Trainer of the noisy model."""

    @classmethod
    def build_model(cls, cfg):
        return NoisyModel()

    @classmethod
    def build_evaluator(cls, cfg, dataset_name):
        return Drawing()

    def build_writers(self):
        return []


class InterruptAt(HookBase):
    """Ctrl-C before an iteration."""

    def __init__(self, iteration):
        self.iteration = iteration

    def before_step(self):
        if self.trainer.iter == self.iteration:
            raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def unchanged_generators(monkeypatch):
    """Leave the global generators as they were."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    with kept_rng_state():
        yield


def train(folder, *opts, resume=False, interrupt_at=None):
    """Eight iterations of the noisy model on smoke_train, checkpoints every second one."""
    words = ["OUTPUT_DIR", str(folder), "MODEL.DEVICE", "cpu", "SEED", "3", "SOLVER.MAX_ITER", "8"]
    words += ["SOLVER.CHECKPOINT_PERIOD", "2", "SOLVER.STEPS", "(6,)", "SOLVER.BASE_LR", "0.01"]
    words += ["MODEL.LOAD_PROPOSALS", "False", "MODEL.WEIGHTS", ""]
    words += ["INPUT.MIN_SIZE_TRAIN", str(tuple(range(16, 48)))]
    cfg = load_cfg("table2b/sigmoid.yaml", "smoke", [*words, *opts])
    default_setup(cfg, None)
    trainer = NoisyTrainer(cfg)
    if interrupt_at is not None:
        trainer.register_hooks([InterruptAt(interrupt_at)])
    trainer.resume_or_load(resume=resume)
    trainer.train()
    return trainer


def assert_equal_runs(a, b):
    """Weights, momentum, rate, and the losses of the common iterations, bit for bit."""
    assert torch.equal(a.model.layer.weight, b.model.layer.weight)
    first, second = (t.optimizer.state_dict() for t in (a, b))
    assert first["param_groups"] == second["param_groups"]
    for key, state in first["state"].items():
        assert torch.equal(state["momentum_buffer"], second["state"][key]["momentum_buffer"])
    losses, others = (dict((i, v) for v, i in t.storage.history("total_loss").values()) for t in (a, b))
    assert all(losses[i] == others[i] for i in losses.keys() & others.keys())


@pytest.mark.parametrize(
    ("interrupt_at", "opts"),
    [
        (5, ()),
        (4, ("TEST.EVAL_PERIOD", "2")),
        (7, ("DATALOADER.NUM_WORKERS", "2")),
        (5, ("DATALOADER.ASPECT_RATIO_GROUPING", "False")),
    ],
)
def test_resumed_run_equals_the_uninterrupted_one(tmp_path, interrupt_at, opts):
    """Also with evaluations between, and with workers, whose prefetched batches are lost."""
    whole = train(tmp_path / "whole", *opts)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", *opts, interrupt_at=interrupt_at)
    resumed = train(tmp_path / "cut", *opts, resume=True)
    assert resumed.start_iter == interrupt_at // 2 * 2
    assert_equal_runs(whole, resumed)


def test_images_of_both_shapes(tmp_path, monkeypatch):
    """What waits in a bucket for images of its shape when the run ends is there again."""
    from mask_rcnn_paper.training import trainer as trainer_module

    sets = trainer_module.training_sets

    def wide_and_high(cfg):
        found = sets(cfg)
        for sample in found[0][::3]:  # only the grouping looks at these
            sample["width"] += 1
        return found

    monkeypatch.setattr(trainer_module, "training_sets", wide_and_high)
    monkeypatch.setattr("detectron2.data.detection_utils.check_image_size", lambda *args: None)
    whole = train(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut", interrupt_at=3)
    assert_equal_runs(whole, train(tmp_path / "cut", resume=True))


def test_evaluation_does_not_change_training(tmp_path):
    """What evaluations in mid-training draw leaves the rest of the run as it is."""
    assert_equal_runs(train(tmp_path / "a"), train(tmp_path / "b", "TEST.EVAL_PERIOD", "3"))


def test_interrupted_evaluation(tmp_path, monkeypatch):
    """A run whose last evaluation was interrupted trains no further: it evaluates, with the same metrics."""
    train(tmp_path / "whole")

    def interrupt(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Drawing, "evaluate", interrupt)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "cut")
    monkeypatch.undo()
    assert not (tmp_path / "cut" / "result.json").exists()
    resumed = train(tmp_path / "cut", resume=True)
    assert resumed.start_iter == 8
    assert (
        read_json(tmp_path / "cut" / RESULT_FILE)["metrics"] == read_json(tmp_path / "whole" / RESULT_FILE)["metrics"]
    )


def hook_at(iteration, max_iter=10, period=2):
    """A hook of a trainer at an iteration."""

    class Place:
        pass

    hook = ExactResumeHook(period)
    hook.trainer = Place()
    hook.trainer.iter, hook.trainer.max_iter, hook.trainer.start_iter = iteration, max_iter, iteration
    hook.trainer.data_loader, hook.trainer.model = [], NoisyModel()
    return hook


@pytest.mark.parametrize(("iteration", "saves"), [(0, False), (1, True), (8, False), (9, True)])
def test_states_are_collected_where_a_checkpoint_is_due(iteration, saves):
    """Every `period` iterations and at the end; a checkpoint at another time gets none."""
    hook = hook_at(iteration)
    hook.after_step()
    assert bool(hook.state_dict()) == saves
    hook.trainer.iter += 1
    assert hook.state_dict() == {}


def test_each_process_gets_its_own_state(monkeypatch):
    """The main process saves the states of all; each takes its own."""
    states = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        states.append(get_rng_state())
    hook = hook_at(4)
    hook.load_state_dict({"processes": states})
    monkeypatch.setattr(comm, "get_world_size", lambda: 2)
    monkeypatch.setattr(comm, "get_rank", lambda: 1)
    hook.before_train()
    assert torch.equal(torch.get_rng_state(), states[1]["torch"])


@pytest.mark.parametrize("loaded", [None, 2])
def test_states_that_do_not_fit(caplog, loaded):
    """From a checkpoint of detectron2's own, or of another number of processes, a run goes on with a warning."""
    hook = hook_at(4)
    if loaded:
        hook.load_state_dict({"processes": [get_rng_state()] * loaded})
    state = torch.get_rng_state()
    hook.before_train()
    assert torch.equal(torch.get_rng_state(), state)
    assert "they begin anew" in caplog.text
    assert "a loader that cannot skip" in caplog.text


def draw():
    """A number of each generator; numpy's normal ones come in pairs, of which it keeps the second."""
    return random.random(), np.random.rand(), np.random.randn(), torch.rand(1).item()


def test_restored_generators_repeat_themselves(tmp_path):
    """After a state came back from a file, read without unpickling objects, the numbers are the same again."""
    with kept_rng_state():
        draw()
        torch.save(get_rng_state(), tmp_path / "state.pth")
        first = draw()
        set_rng_state(torch.load(tmp_path / "state.pth", weights_only=True))
        assert draw() == first


def test_what_is_drawn_inside_does_not_show():
    """Also where the block ends in an error."""
    with kept_rng_state():
        state = get_rng_state()
        expected = draw()
        set_rng_state(state)
        with pytest.raises(KeyError), kept_rng_state():
            draw()
            raise KeyError
        assert draw() == expected
