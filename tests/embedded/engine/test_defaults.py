import numpy as np
import pytest
import torch
from detectron2.config import get_cfg
from detectron2.engine import DefaultTrainer, HookBase, default_setup, hooks
from detectron2.engine import defaults as defaults_module
from detectron2.evaluation import DatasetEvaluator
from torch import nn

from mask_rcnn_paper.training.resume import kept_rng_state


class Noisy(nn.Module):
    """Loss of a linear layer behind dropout; in evaluation mode, its outputs."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 2)

    def forward(self, batch):
        x = torch.stack([sample["x"] for sample in batch])
        if not self.training:
            return self.layer(x)
        return {"loss": self.layer(nn.functional.dropout(x, 0.5)).square().mean()}


class Samples(torch.utils.data.IterableDataset):
    """Endless samples, shuffled by a generator of their own, as a sampler does, and augmented by numpy's."""

    def __init__(self):
        self.seed = int(np.random.randint(2**31))

    def __iter__(self):
        generator = torch.Generator().manual_seed(self.seed)
        while True:
            for i in torch.randperm(7, generator=generator).tolist():
                yield {"x": torch.full((4,), float(i)) + float(np.random.rand())}


class Mean(DatasetEvaluator):
    def reset(self):
        self.sum = 0.0

    def process(self, inputs, outputs):
        np.random.rand()
        self.sum += outputs.sum().item()

    def evaluate(self):
        return {"task": {"sum": self.sum}}


class Trainer(DefaultTrainer):
    @classmethod
    def build_model(cls, cfg):
        return Noisy()

    @classmethod
    def build_train_loader(cls, cfg):
        return torch.utils.data.DataLoader(Samples(), batch_size=cfg.SOLVER.IMS_PER_BATCH, collate_fn=list)

    @classmethod
    def build_test_loader(cls, cfg, dataset_name):
        return torch.utils.data.DataLoader([{"x": torch.ones(4)}] * 2, batch_size=1, collate_fn=list)

    @classmethod
    def build_evaluator(cls, cfg, dataset_name):
        return Mean()


class FailAt(HookBase):
    def __init__(self, iteration):
        self.iteration = iteration

    def before_step(self):
        if self.trainer.iter == self.iteration:
            raise KeyboardInterrupt


def tiny_cfg(folder, *overrides):
    cfg = get_cfg()
    cfg.merge_from_list(
        ["MODEL.DEVICE", "cpu", "SEED", 3, "OUTPUT_DIR", str(folder), "DATASETS.TEST", ("d",)]
        + [
            "TEST.EVAL_PERIOD",
            2,
            "SOLVER.MAX_ITER",
            8,
            "SOLVER.STEPS",
            (6,),
            "SOLVER.WARMUP_ITERS",
            3,
            "SOLVER.BASE_LR",
            0.01,
        ]
        + ["SOLVER.CHECKPOINT_PERIOD", 2, "SOLVER.IMS_PER_BATCH", 2, *overrides]
    )
    return cfg


def train(cfg, resume=False, fail_at=None):
    default_setup(cfg, None)
    trainer = Trainer(cfg)
    if fail_at is not None:
        trainer.register_hooks([FailAt(fail_at)])
    trainer.resume_or_load(resume=resume)
    trainer.train()
    return trainer


def losses(trainer):
    return trainer.storage.history("total_loss").values()


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """Write metrics every iteration, and no TensorBoard files, which take a second to import."""
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    files = defaults_module.default_writers
    monkeypatch.setattr(defaults_module, "default_writers", lambda *args: files(*args)[:2])
    original = hooks.PeriodicWriter.__init__
    monkeypatch.setattr(hooks.PeriodicWriter, "__init__", lambda self, w, period=20: original(self, w, period=1))
    with kept_rng_state():
        yield


def test_seeded_training_repeats_itself(tmp_path):
    """Two runs with one seed are equal bit for bit, a run with another seed is not."""
    a, b = (train(tiny_cfg(tmp_path / name)) for name in "ab")
    c = train(tiny_cfg(tmp_path / "c", "SEED", 4))
    assert torch.equal(a.model.layer.weight, b.model.layer.weight)
    assert losses(a) == losses(b)
    assert not torch.equal(a.model.layer.weight, c.model.layer.weight)


def test_a_run_goes_on_from_its_checkpoint(tmp_path):
    """Resuming restores weights, momentum and schedule, and goes on with the next iteration."""
    cfg = tiny_cfg(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        train(cfg, fail_at=5)
    saved = torch.load(tmp_path / "model_0000003.pth", weights_only=True)
    resumed = Trainer(cfg)
    resumed.resume_or_load(resume=True)
    assert resumed.start_iter == 4
    assert torch.equal(resumed.model.layer.weight, saved["model"]["layer.weight"])
    momentum = resumed.optimizer.state_dict()["state"][0]["momentum_buffer"]
    assert torch.equal(momentum, saved["trainer"]["_trainer"]["optimizer"]["state"][0]["momentum_buffer"])
    resumed.train()
    whole = train(tiny_cfg(tmp_path / "whole"))
    assert resumed.storage.history("lr").values() == whole.storage.history("lr").values()[4:]


def test_resuming_a_finished_run_only_evaluates(tmp_path):
    """Resuming from the final checkpoint trains no further and returns the same results."""
    first = train(tiny_cfg(tmp_path))
    again = train(tiny_cfg(tmp_path), resume=True)
    assert again.start_iter == 8
    assert again._last_eval_results == first._last_eval_results


def test_files_of_a_run(tmp_path):
    """A run leaves its config, log, metrics and checkpoints, and nothing half-written."""
    trainer = train(tiny_cfg(tmp_path, "SOLVER.CHECKPOINT_PERIOD", 5))
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "config.yaml",
        "last_checkpoint",
        "log.txt",
        "metrics.json",
        "model_0000004.pth",
        "model_final.pth",
    ]
    saved = get_cfg()
    saved.merge_from_file(str(tmp_path / "config.yaml"))
    assert saved == trainer.cfg
    recorded = {"total_loss", "data_time", "rank_data_time", "time", "lr", "eta_seconds", "task/sum", "loss"}
    assert set(trainer.storage.latest()) == recorded


def test_results(tmp_path):
    """`train` returns the last results; with one dataset they come without its name."""
    cfg = tiny_cfg(tmp_path)
    default_setup(cfg, None)
    results = Trainer(cfg).train()
    assert set(results) == {"task"}
    cfg.DATASETS.TEST = ("d", "e")
    assert set(Trainer.test(cfg, Noisy())) == {"d", "e"}
    with pytest.raises(ValueError, match="1 evaluators for the 2 datasets"):
        Trainer.test(cfg, Noisy(), [Mean()])


def test_no_evaluator(tmp_path, caplog):
    """Without an evaluator, the advice is logged and the results are empty."""

    class Plain(Trainer):
        build_evaluator = DefaultTrainer.build_evaluator

    with pytest.raises(NotImplementedError, match="override build_evaluator"):
        DefaultTrainer.build_evaluator(tiny_cfg(tmp_path), "d")
    assert Plain.test(tiny_cfg(tmp_path), Noisy()) == {}


def test_precise_bn(tmp_path):
    """What the core does not do is refused, with the key."""
    with pytest.raises(NotImplementedError, match="TEST.PRECISE_BN.ENABLED=True.*install detectron2"):
        Trainer(tiny_cfg(tmp_path, "TEST.PRECISE_BN.ENABLED", True))


def test_scaling_to_more_processes(tmp_path):
    """From 2 to 4 processes, batch and rate double and iteration counts halve; the given config stays."""
    cfg = tiny_cfg(tmp_path, "SOLVER.REFERENCE_WORLD_SIZE", 2)
    cfg.freeze()
    scaled = DefaultTrainer.auto_scale_workers(cfg, 4)
    solver = scaled.SOLVER
    assert (solver.IMS_PER_BATCH, solver.BASE_LR, solver.MAX_ITER, solver.STEPS) == (4, 0.02, 4, (3,))
    assert (solver.CHECKPOINT_PERIOD, scaled.TEST.EVAL_PERIOD, solver.REFERENCE_WORLD_SIZE) == (1, 1, 4)
    assert scaled.is_frozen()
    assert cfg.SOLVER.IMS_PER_BATCH == 2
    assert DefaultTrainer.auto_scale_workers(cfg, 2) is cfg
