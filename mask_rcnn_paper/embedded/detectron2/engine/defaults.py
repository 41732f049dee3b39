"""The trainer that a config describes."""

import logging
import weakref
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

import torch
from detectron2.checkpoint import DetectionCheckpointer
from detectron2.config import CfgNode
from detectron2.data import build_detection_test_loader, build_detection_train_loader
from detectron2.engine import hooks
from detectron2.engine.amp_trainer import AMPTrainer
from detectron2.engine.predictor import DefaultPredictor
from detectron2.engine.setup import create_ddp_model, default_argument_parser, default_setup, default_writers
from detectron2.engine.train_loop import HookBase, SimpleTrainer, TrainerBase
from detectron2.evaluation import DatasetEvaluator, inference_on_dataset, print_csv_format, verify_results
from detectron2.modeling import build_model
from detectron2.solver import build_lr_scheduler, build_optimizer
from detectron2.utils import comm
from detectron2.utils.events import EventWriter
from detectron2.utils.logger import setup_logger
from torch import nn

__all__ = [
    "DefaultPredictor",
    "DefaultTrainer",
    "create_ddp_model",
    "default_argument_parser",
    "default_setup",
    "default_writers",
]


class DefaultTrainer(TrainerBase):
    """Model, optimiser, data, schedule, checkpoints and hooks from a config.

    Subclasses override the `build_*` methods. Call `resume_or_load` next, and then `train`.

    Args:
        cfg: Full config.

    Attributes:
        cfg: The config, scaled to the number of processes (SOLVER.REFERENCE_WORLD_SIZE).
        model: What is trained.
        data_loader: Its training batches, without end.
        optimizer: Steps its trainable parameters.
        scheduler: Schedule of the learning rate.
        checkpointer: Saves and loads the model and this trainer.
    """

    def __init__(self, cfg: CfgNode) -> None:
        super().__init__()
        if not logging.getLogger("detectron2").isEnabledFor(logging.INFO):
            setup_logger()
        cfg = self.auto_scale_workers(cfg, comm.get_world_size())
        model = self.build_model(cfg)
        optimizer = self.build_optimizer(cfg, model)
        data_loader = self.build_train_loader(cfg)
        model = create_ddp_model(model, broadcast_buffers=False)
        trainer_class = AMPTrainer if cfg.SOLVER.AMP.ENABLED else SimpleTrainer
        self._trainer = trainer_class(model, data_loader, optimizer)
        self.scheduler = self.build_lr_scheduler(cfg, optimizer)
        # A proxy, since the trainer holds the checkpointer.
        self.checkpointer = DetectionCheckpointer(model, cfg.OUTPUT_DIR, trainer=weakref.proxy(self))
        self.max_iter = cfg.SOLVER.MAX_ITER
        self.cfg = cfg
        self.register_hooks(self.build_hooks())

    @property
    def model(self) -> nn.Module:
        """The model, wrapped for data parallelism where there are several processes."""
        return self._trainer.model

    @property
    def data_loader(self) -> Iterable:
        """Batches of training data."""
        return self._trainer.data_loader

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The optimiser."""
        return self._trainer.optimizer

    def resume_or_load(self, resume: bool = True) -> None:
        """Go on from the last checkpoint in OUTPUT_DIR, or load MODEL.WEIGHTS.

        Args:
            resume: Whether to look for a checkpoint; without one, MODEL.WEIGHTS is loaded.
        """
        self.checkpointer.resume_or_load(self.cfg.MODEL.WEIGHTS, resume=resume)

    def build_hooks(self) -> list[HookBase | None]:
        """Timer, schedule, checkpoints, evaluation and writers, in this order.

        Raises:
            NotImplementedError: TEST.PRECISE_BN.ENABLED.
        """
        cfg = self.cfg
        if cfg.TEST.PRECISE_BN.ENABLED:
            raise NotImplementedError("TEST.PRECISE_BN.ENABLED=True: set it to False, or install detectron2")

        def test_and_save_results() -> dict:
            self._last_eval_results = self.test(self.cfg, self.model)
            return self._last_eval_results

        main = comm.is_main_process()
        return [
            hooks.IterationTimer(),
            hooks.LRScheduler(),
            # Before evaluation, which may fail or take long.
            hooks.PeriodicCheckpointer(self.checkpointer, cfg.SOLVER.CHECKPOINT_PERIOD) if main else None,
            hooks.EvalHook(cfg.TEST.EVAL_PERIOD, test_and_save_results),
            # Last, so that it writes what the others recorded.
            hooks.PeriodicWriter(self.build_writers()) if main else None,
        ]

    def build_writers(self) -> list[EventWriter]:
        """Writers of metrics; `default_writers` in OUTPUT_DIR."""
        return default_writers(self.cfg.OUTPUT_DIR, self.max_iter)

    def train(self) -> dict[str, Any] | None:
        """Run all iterations that are left.

        Returns:
            Results of the last evaluation, None if there was none.

        Raises:
            FloatingPointError: a loss is not finite.
        """
        super().train(self.start_iter, self.max_iter)
        results = getattr(self, "_last_eval_results", None)
        if self.cfg.TEST.EXPECTED_RESULTS and results and comm.is_main_process():
            verify_results(self.cfg, results)
        return results

    def run_step(self) -> None:
        """Do one iteration."""
        self._trainer.iter = self.iter
        self._trainer.run_step()

    def state_dict(self) -> dict[str, Any]:
        """Iteration, hooks and optimiser."""
        return super().state_dict() | {"_trainer": self._trainer.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` returned, to go on with the next iteration."""
        super().load_state_dict(state_dict)
        self._trainer.load_state_dict(state_dict["_trainer"])
        self.start_iter = self.iter + 1

    @classmethod
    def build_model(cls, cfg: CfgNode) -> nn.Module:
        """Model that MODEL describes."""
        model = build_model(cfg)
        logging.getLogger(__name__).info("Model:\n%s", model)
        return model

    @classmethod
    def build_optimizer(cls, cfg: CfgNode, model: nn.Module) -> torch.optim.Optimizer:
        """Optimiser that SOLVER describes."""
        return build_optimizer(cfg, model)

    @classmethod
    def build_lr_scheduler(cls, cfg: CfgNode, optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
        """Schedule that SOLVER describes."""
        return build_lr_scheduler(cfg, optimizer)

    @classmethod
    def build_train_loader(cls, cfg: CfgNode) -> Iterable:
        """Batches of DATASETS.TRAIN, without end."""
        return build_detection_train_loader(cfg)

    @classmethod
    def build_test_loader(cls, cfg: CfgNode, dataset_name: str) -> Iterable:
        """Batches of one of DATASETS.TEST."""
        return build_detection_test_loader(cfg, dataset_name)

    @classmethod
    def build_evaluator(cls, cfg: CfgNode, dataset_name: str) -> DatasetEvaluator:
        """Evaluator of a dataset; to be overridden."""
        raise NotImplementedError(
            f"no evaluator for {dataset_name!r}: override build_evaluator in a subclass of DefaultTrainer, "
            "or pass evaluators to DefaultTrainer.test"
        )

    @classmethod
    def test(
        cls,
        cfg: CfgNode,
        model: nn.Module,
        evaluators: DatasetEvaluator | list[DatasetEvaluator] | None = None,
    ) -> dict[str, Any]:
        """Evaluate a model on DATASETS.TEST.

        Args:
            cfg: Full config.
            model: Put into evaluation mode meanwhile.
            evaluators: One for each dataset; by default from `build_evaluator`.

        Returns:
            Results by dataset; with a single dataset, its results themselves. Empty but on the main process.

        Raises:
            ValueError: not one evaluator for each dataset.
        """
        names = cfg.DATASETS.TEST
        if isinstance(evaluators, DatasetEvaluator):
            evaluators = [evaluators]
        if evaluators is not None and len(evaluators) != len(names):
            raise ValueError(f"{len(evaluators)} evaluators for the {len(names)} datasets of DATASETS.TEST={names}")
        results = OrderedDict()
        for index, name in enumerate(names):
            loader = cls.build_test_loader(cfg, name)
            try:
                evaluator = evaluators[index] if evaluators is not None else cls.build_evaluator(cfg, name)
            except NotImplementedError as error:
                logging.getLogger(__name__).warning("Not evaluated: %s", error)
                results[name] = {}
                continue
            results[name] = inference_on_dataset(model, loader, evaluator)
            if comm.is_main_process():
                logging.getLogger(__name__).info("Results on %s, to copy:", name)
                print_csv_format(results[name])
        return next(iter(results.values())) if len(results) == 1 else results

    @staticmethod
    def auto_scale_workers(cfg: CfgNode, num_workers: int) -> CfgNode:
        """Adapt the schedule to the number of processes, in proportion to SOLVER.REFERENCE_WORLD_SIZE.

        Batch size and learning rate are multiplied, iteration counts divided: arXiv:1706.02677, Sec. 2.1.

        Args:
            cfg: Full config.
            num_workers: Processes of this run.

        Returns:
            `cfg` itself if REFERENCE_WORLD_SIZE is 0 or `num_workers`, else a changed copy.
        """
        reference = cfg.SOLVER.REFERENCE_WORLD_SIZE
        if reference in (0, num_workers):
            return cfg
        scale = num_workers / reference
        frozen = cfg.is_frozen()
        cfg = cfg.clone()
        cfg.defrost()
        solver = cfg.SOLVER
        if solver.IMS_PER_BATCH % reference:
            raise ValueError(f"SOLVER.IMS_PER_BATCH={solver.IMS_PER_BATCH}: not a multiple of {reference} processes")
        solver.IMS_PER_BATCH = round(solver.IMS_PER_BATCH * scale)
        solver.BASE_LR *= scale
        solver.MAX_ITER = round(solver.MAX_ITER / scale)
        solver.WARMUP_ITERS = round(solver.WARMUP_ITERS / scale)
        solver.STEPS = tuple(round(step / scale) for step in solver.STEPS)
        solver.CHECKPOINT_PERIOD = round(solver.CHECKPOINT_PERIOD / scale)
        cfg.TEST.EVAL_PERIOD = round(cfg.TEST.EVAL_PERIOD / scale)
        solver.REFERENCE_WORLD_SIZE = num_workers
        logging.getLogger(__name__).info(
            "Scaled from %d to %d processes: IMS_PER_BATCH=%d, BASE_LR=%g, MAX_ITER=%d, STEPS=%s",
            *(reference, num_workers, solver.IMS_PER_BATCH, solver.BASE_LR, solver.MAX_ITER, solver.STEPS),
        )
        if frozen:
            cfg.freeze()
        return cfg
