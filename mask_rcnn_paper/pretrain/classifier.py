"""Pre-train a row's ResNet as a classifier of single generated objects: ImageNet's part at the mini scale.

Writes the weights of conv1 to res5 to ``OUTPUT_DIR/model_final.pkl``, for a detector's ``MODEL.WEIGHTS``, and the
accuracy on crops of another seed to ``OUTPUT_DIR/result.json``. The classifier's batch normalisation becomes the
detector's frozen affine layers, as in the paper (Sec. 3.1, after arXiv:1512.03385).
"""

import math
import pickle
import time
from pathlib import Path

import numpy as np
import torch
from detectron2.config import CfgNode
from detectron2.layers import ShapeSpec
from detectron2.modeling.backbone import build_resnet_backbone
from torch import nn
from torch.nn import functional as F
from tqdm import tqdm

from mask_rcnn_paper.files import write_bytes_atomically
from mask_rcnn_paper.generated.cache import cache_root
from mask_rcnn_paper.generated.crops import CropSpec, load_crops, number_of_classes
from mask_rcnn_paper.pretrain.fold import fold_batch_norm, scale_last_stage
from mask_rcnn_paper.stages import PRETRAINED_WEIGHTS, is_fine
from mask_rcnn_paper.training.checkpoint import SafeCheckpointer
from mask_rcnn_paper.training.precision import set_precision
from mask_rcnn_paper.training.progress import write_progress
from mask_rcnn_paper.training.result_file import write_result

_SHIFT = 4  # crops are drawn this much larger on every side, so that they can be shifted
_HELD_OUT = 1000
_CHECKPOINT_PERIOD = 500  # iterations; about a minute
_WEIGHT_DECAY = 0.05
_FEATURE_MEAN = 0.5  # of the pooled output of res5, about what ImageNet's ResNet-50 has


class Classifier(nn.Module):
    """A row's ResNet, without FPN, with trainable batch normalisation, average pooling and a linear layer."""

    def __init__(self, cfg: CfgNode) -> None:
        super().__init__()
        cfg = cfg.clone()
        cfg.defrost()
        cfg.MODEL.RESNETS.NORM = "BN"
        cfg.MODEL.RESNETS.OUT_FEATURES = ["res5"]
        cfg.MODEL.BACKBONE.FREEZE_AT = 0
        self.backbone = build_resnet_backbone(cfg, ShapeSpec(channels=3))
        for name, weight in self.backbone.named_parameters():
            if name.endswith("conv3.norm.weight"):  # blocks start as identities, else short schedules go nowhere
                nn.init.zeros_(weight)
        self.linear = nn.Linear(self.backbone.output_shape()["res5"].channels, number_of_classes(is_fine(cfg)))
        self.register_buffer("mean", torch.tensor(cfg.MODEL.PIXEL_MEAN).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(cfg.MODEL.PIXEL_STD).view(-1, 1, 1), persistent=False)
        self.rgb = cfg.INPUT.FORMAT == "RGB"

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """Return (N, C) pooled features of (N, 3, H, W) BGR images in [0, 255]."""
        images = images.flip(1) if self.rgb else images
        return self.backbone((images - self.mean) / self.std)["res5"].mean((2, 3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return (N, classes) logits of (N, 3, H, W) BGR images in [0, 255]."""
        return self.linear(self.features(images))


class Crops:
    """Draws augmented batches of crops of a `CropSpec`, whose ``side`` here leaves out the margin for shifts."""

    def __init__(self, count: int, side: int, seed: int, fine: bool = False) -> None:
        images, self.labels = load_crops(CropSpec(count, side + 2 * _SHIFT, seed), cache_root(), fine)
        self.windows = np.lib.stride_tricks.sliding_window_view(images, (side, side), axis=(1, 2))

    def batch(self, indices: np.ndarray, rng: np.random.Generator | None = None) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (N, 3, side, side) images in [0, 255] and (N,) labels; augmented if ``rng`` is given."""
        labels = torch.from_numpy(self.labels[indices])
        if rng is None:
            return torch.from_numpy(self.windows[indices, _SHIFT, _SHIFT]).float(), labels
        n = len(indices)
        images = self.windows[indices, rng.integers(0, 2 * _SHIFT + 1, n), rng.integers(0, 2 * _SHIFT + 1, n)]
        flip = rng.random(n) < 0.5
        images[flip] = images[flip][..., ::-1]
        gain, offset = rng.uniform(0.7, 1.3, (2, n, 1, 1, 1)).astype(np.float32)
        images = torch.from_numpy(images).float() * torch.from_numpy(gain) + torch.from_numpy(100 * (offset - 1))
        return images.clamp_(0, 255), labels


def pretrain(cfg: CfgNode, resume: bool = False) -> dict:
    """Train by ``cfg.PRETRAIN``, evaluate and save the classifier of a row; returns what is in ``result.json``.

    With `resume` it goes on from the last checkpoint in ``cfg.OUTPUT_DIR``, if any; the weights will be the same.
    """
    # numbers too small for a normal float make steps several times slower on a CPU
    torch.set_flush_denormal(True)
    start, recipe, seed = time.perf_counter(), cfg.PRETRAIN, max(cfg.SEED, 0)
    output_dir = Path(cfg.OUTPUT_DIR)
    output_dir.mkdir(parents=True, exist_ok=True)
    train = Crops(recipe.NUM_CROPS, recipe.CROP_SIZE, seed=11, fine=is_fine(cfg))
    held_out = Crops(min(_HELD_OUT, recipe.NUM_CROPS), recipe.CROP_SIZE, seed=12, fine=is_fine(cfg))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = set_precision(Classifier(cfg).to(cfg.MODEL.DEVICE, memory_format=torch.channels_last), cfg.PRECISION)
    _train(model, train, recipe, seed, output_dir, resume)
    accuracy, magnitude = _evaluate(model, held_out)
    _save_weights(model.backbone, _FEATURE_MEAN / magnitude, output_dir / PRETRAINED_WEIGHTS)
    return write_result(cfg, {"classification": {"accuracy": 100 * accuracy}}, time.perf_counter() - start)


def _train(model: Classifier, crops: Crops, recipe: CfgNode, seed: int, output_dir: Path, resume: bool) -> None:
    device, rng = model.linear.weight.device, np.random.default_rng(seed)
    # SGD needs three times the steps; fused, since 161 small updates one by one cost a quarter of a step
    optimizer = torch.optim.AdamW(model.parameters(), recipe.BASE_LR, weight_decay=_WEIGHT_DECAY, fused=True)
    total, warmup = recipe.MAX_ITER, max(1, recipe.MAX_ITER // 20)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min(1.0, (i + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * i / total))
    )
    checkpointer = SafeCheckpointer(model, str(output_dir), optimizer=optimizer, scheduler=scheduler)
    resumed = checkpointer.resume_or_load("", resume=resume)
    first = resumed.get("iteration", -1) + 1
    rng.bit_generator.state = resumed.get("draws", rng.bit_generator.state)
    model.train()
    reported = 0.0
    bar = tqdm(range(first, total), desc="pre-training", unit="it", initial=first, total=total, disable=None)
    for iteration in bar:
        images, labels = crops.batch(rng.integers(0, len(crops.labels), recipe.IMS_PER_BATCH), rng)
        images = images.to(device, memory_format=torch.channels_last)
        loss = F.cross_entropy(model(images), labels.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        if time.monotonic() - reported > 1 or iteration + 1 == total:
            reported = time.monotonic()
            if not math.isfinite(value := loss.item()):
                raise FloatingPointError(f"loss {value} at iteration {iteration}: lower PRETRAIN.BASE_LR")
            bar.set_postfix(loss=f"{value:.3f}")
            write_progress(output_dir, iteration + 1, total, stage="pretrain", loss=value)
        if (iteration + 1) % _CHECKPOINT_PERIOD == 0 or iteration + 1 == total:
            checkpointer.save(f"model_{iteration:07d}", draws=rng.bit_generator.state, iteration=iteration)


@torch.no_grad()
def _evaluate(model: Classifier, crops: Crops) -> tuple[float, float]:
    """Share of crops that are classified correctly, and the mean of their pooled features."""
    model.eval()
    device, right, magnitudes = model.linear.weight.device, 0, []
    for indices in np.array_split(np.arange(len(crops.labels)), math.ceil(len(crops.labels) / 100)):
        images, labels = crops.batch(indices)
        features = model.features(images.to(device))
        right += (model.linear(features).argmax(1).cpu() == labels).sum().item()
        magnitudes.append(features.mean().item())
    return right / len(crops.labels), float(np.mean(magnitudes))


def _save_weights(backbone: nn.Module, factor: float, path: Path) -> None:
    """Write a checkpoint in detectron2's format for pre-trained weights, whole or not at all."""
    state = {name: v for name, v in backbone.state_dict().items() if not name.endswith("num_batches_tracked")}
    weights = {name: value.cpu().contiguous().numpy() for name, value in state.items()}
    weights = scale_last_stage(fold_batch_norm(weights), factor)
    checkpoint = {"model": weights, "__author__": "mask_rcnn_paper", "matching_heuristics": True}
    write_bytes_atomically(path, pickle.dumps(checkpoint))
