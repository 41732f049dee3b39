"""The checkpointer of models and training runs."""

import os
from typing import Any

from detectron2.checkpoint.catalog import build_path_manager
from detectron2.checkpoint.files import read_checkpoint
from detectron2.checkpoint.matching import match_by_suffix, summarise
from detectron2.utils import comm
from fvcore.common.checkpoint import Checkpointer
from torch import nn

_CURE = "set MODEL.WEIGHTS to an existing .pth or .pkl file, or to '' to start from random weights"


class DetectionCheckpointer(Checkpointer):
    """fvcore's `Checkpointer`, which also reads backbone files.

    Reads `.pth`, `.pkl` with `model` and `__author__`, and Caffe2 `.pkl`; from local paths and from the
    schemes `http(s)`, `detectron2` and `catalog`.

    Args:
        model: Model whose weights are loaded and saved.
        save_dir: Folder of the checkpoints that are saved and resumed from.
        save_to_disk: Whether `save` writes; by default on the main process only.
        **checkpointables: Further objects with `state_dict()` and `load_state_dict()`, such as the trainer.
    """

    def __init__(
        self,
        model: nn.Module,
        save_dir: str = "",
        *,
        save_to_disk: bool | None = None,
        **checkpointables: Any,
    ) -> None:
        save_to_disk = comm.is_main_process() if save_to_disk is None else save_to_disk
        super().__init__(model, save_dir, save_to_disk=save_to_disk, **checkpointables)
        self.path_manager = build_path_manager()

    def load(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Load a checkpoint.

        Args:
            path: File or URL; "" loads nothing.
            *args: As for fvcore's `Checkpointer.load`: names of the checkpointables to load.
            **kwargs: Likewise.

        Returns:
            What the file holds besides model and checkpointables, such as `iteration`.

        Raises:
            FileNotFoundError: there is no such file, or it cannot be downloaded.
            UnreadableCheckpointError: the file is truncated or no checkpoint; nothing was loaded.
        """
        return super().load(self._local_path(path) if path else path, *args, **kwargs)

    def _local_path(self, path: str) -> str:
        if "://" not in path:
            if not os.path.isfile(path):
                raise FileNotFoundError(f"MODEL.WEIGHTS={path!r}: no such file; {_CURE}")
            return path
        try:
            return self.path_manager.get_local_path(path)
        except OSError as error:
            reason = f"MODEL.WEIGHTS={path!r} could not be downloaded ({error})"
            raise FileNotFoundError(f"{reason}: download it by hand and {_CURE}") from error

    def _load_file(self, f: str) -> dict[str, Any]:
        return read_checkpoint(f)

    def _load_model(self, checkpoint: dict[str, Any]) -> Any:
        if not checkpoint.get("matching_heuristics", False):
            return super()._load_model(checkpoint)
        source = checkpoint["model"]
        matched = match_by_suffix(self.model.state_dict(), source)
        if not matched:
            self.logger.warning("No tensor of the checkpoint matches the model: it holds %s, ...", sorted(source)[:3])
        for line in summarise(matched):
            self.logger.info("Loaded by suffix: %s", line)
        checkpoint["model"] = {model_key: source[key] for model_key, key in matched.items()}
        incompatible = super()._load_model(checkpoint)
        incompatible.unexpected_keys.extend(sorted(set(source) - set(matched.values())))
        return incompatible
