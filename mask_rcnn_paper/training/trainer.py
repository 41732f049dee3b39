"""The trainer of every row."""

import os
import time
import weakref
from collections.abc import Iterable

import torch
from detectron2.config import CfgNode
from detectron2.data import DatasetMapper, build_detection_test_loader
from detectron2.engine import DefaultTrainer, HookBase
from detectron2.evaluation import COCOEvaluator
from detectron2.utils import comm

from mask_rcnn_paper.cityscapes.protocol import protocol_version
from mask_rcnn_paper.coco.backends import backend_version, choose_backend
from mask_rcnn_paper.data.careful_mapper import CarefulMapper
from mask_rcnn_paper.data.validated import evaluation_dicts, require_valid, training_sets
from mask_rcnn_paper.errors import BAD_INPUT
from mask_rcnn_paper.modeling.test_time_augmentation import PaperRCNNWithTTA, original_image_mapper
from mask_rcnn_paper.training.checkpoint import SafeCheckpointer
from mask_rcnn_paper.training.cityscapes_evaluation import MASKS, CityscapesEvaluator, is_cityscapes
from mask_rcnn_paper.training.costs import StepTimer, parameter_counts, step_times
from mask_rcnn_paper.training.evaluation import SafeCOCOEvaluator
from mask_rcnn_paper.training.experiment import experiment_of
from mask_rcnn_paper.training.loader import build_train_loader
from mask_rcnn_paper.training.precision import set_precision
from mask_rcnn_paper.training.progress import found_trained, write_progress
from mask_rcnn_paper.training.result_file import write_result
from mask_rcnn_paper.training.resume import ExactResumeHook, kept_rng_state
from mask_rcnn_paper.training.watched_batches import WatchedBatches
from mask_rcnn_paper.training.weights import weights_checksum


class ProgressHook(HookBase):
    """Write `progress.json` into a folder every `period` seconds, for whoever watches the run from outside."""

    def __init__(self, output_dir: str, period: float = 1.0) -> None:
        self.output_dir, self.period, self.last_written = output_dir, period, 0.0

    def before_train(self) -> None:
        """Note how many iterations had been done when this run began."""
        found_trained(self.output_dir, self.trainer.start_iter, self.trainer.max_iter)

    def after_step(self) -> None:
        """Write how many iterations are done, and the latest total loss."""
        done, total = self.trainer.iter + 1, self.trainer.max_iter
        now = time.monotonic()
        if not comm.is_main_process() or (now - self.last_written < self.period and done < total):
            return
        self.last_written = now
        loss = self.trainer.storage.latest().get("total_loss")
        info = {} if loss is None else {"loss": round(float(loss[0]), 4)}
        write_progress(self.output_dir, done, total, "train", **info)


class Trainer(DefaultTrainer):
    """DefaultTrainer with checked data, COCO evaluation, costs, a progress file, a result file, and exact resuming."""

    started = time.monotonic()

    @classmethod
    def build_evaluator(cls, cfg: CfgNode, dataset_name: str) -> COCOEvaluator:
        """COCO metrics, or stored proposals where the model is an RPN, in OUTPUT_DIR/inference/<dataset>.

        Masks on Cityscapes are evaluated by its own script.
        """
        folder = os.path.join(cfg.OUTPUT_DIR, "inference", dataset_name)
        sigmas = cfg.TEST.KEYPOINT_OKS_SIGMAS
        evaluator = CityscapesEvaluator if _by_cityscapes(cfg, dataset_name) else SafeCOCOEvaluator
        options = {"config_hash": cfg.CONFIG_HASH, "kpt_oks_sigmas": sigmas}
        return evaluator(dataset_name, folder, cfg.TEST.COCO_BACKEND, **options)

    @classmethod
    def test(cls, cfg: CfgNode, model: torch.nn.Module, evaluators: list | None = None) -> dict:
        """Evaluate, leave the metrics in OUTPUT_DIR/result.json, and the random generators as they were.

        Under TEST.AUG.ENABLED with test-time augmentation.
        """
        with kept_rng_state():  # else an evaluation in mid-training would change what follows it
            tested = PaperRCNNWithTTA(cfg, model) if cfg.TEST.AUG.ENABLED else model
            metrics = super().test(cfg, tested, evaluators)
        if comm.is_main_process():
            backend = backend_version(choose_backend(cfg.TEST.COCO_BACKEND))
            counts, times = parameter_counts(model), step_times(cfg.OUTPUT_DIR)
            own = {MASKS: protocol_version()} if any(_by_cityscapes(cfg, name) for name in cfg.DATASETS.TEST) else {}
            seconds, weights = time.monotonic() - cls.started, weights_checksum(model)
            write_result(cfg, metrics, seconds, backend, own, weights, counts, times)
        return metrics

    @classmethod
    def build_model(cls, cfg: CfgNode) -> torch.nn.Module:
        """detectron2's model, computing in PRECISION.

        Raises:
            ValueError: none can be built from the config; whatever the builders stumble over is in the message.
        """
        try:
            model = super().build_model(cfg)
        except BAD_INPUT:
            raise
        except Exception as error:  # of a value of another type: almost anything
            reason = f"{type(error).__name__}: {error}"
            raise ValueError(
                f"no model can be built from this config ({reason}): mend what was changed in it"
            ) from error
        return set_precision(model, cfg.PRECISION)

    @classmethod
    def build_train_loader(cls, cfg: CfgNode) -> Iterable:
        """Resumable loader of checked data; the test sets are checked now too, not only after the training."""
        sets = training_sets(cfg)
        for name in cfg.DATASETS.TEST:
            require_valid(cfg, name)
        return build_train_loader(cfg, *sets)

    @classmethod
    def build_test_loader(cls, cfg: CfgNode, dataset_name: str) -> Iterable:
        """detectron2's loader of a dataset without errors, with TEST.IMS_PER_BATCH images a batch.

        For test-time augmentation it gives whole images, one by one since each takes long.
        """
        dicts, workers = evaluation_dicts(cfg, dataset_name), cfg.DATALOADER.NUM_WORKERS
        if cfg.TEST.AUG.ENABLED:
            mapper = CarefulMapper(original_image_mapper(cfg))
            batch_size = 1
        else:
            mapper, batch_size = CarefulMapper(DatasetMapper(cfg, is_train=False)), cfg.TEST.IMS_PER_BATCH
        loader = build_detection_test_loader(dicts, mapper=mapper, batch_size=batch_size, num_workers=workers)
        return WatchedBatches(loader, cfg.OUTPUT_DIR, dataset_name, cfg.DATASETS.TEST, bar=cfg.TEST.AUG.ENABLED)

    def build_hooks(self) -> list[HookBase]:
        """detectron2's hooks, which save with this project's checkpointer, and those of this project.

        detectron2 calls this at the end of its constructor: the first moment to replace the checkpointer is the last.
        """
        trainer, experiment = weakref.proxy(self), experiment_of(self.cfg)
        self.checkpointer = SafeCheckpointer(self.model, self.cfg.OUTPUT_DIR, experiment=experiment, trainer=trainer)
        resume = ExactResumeHook(self.cfg.SOLVER.CHECKPOINT_PERIOD)
        hooks = [StepTimer(self.cfg.MODEL.DEVICE), resume, *super().build_hooks()]
        return [*hooks, ProgressHook(self.cfg.OUTPUT_DIR)]


def _by_cityscapes(cfg: CfgNode, dataset_name: str) -> bool:
    return cfg.MODEL.MASK_ON and is_cityscapes(dataset_name)
