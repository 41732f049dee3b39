"""Checkpoints that a kill, a full disk or a truncated file cannot spoil."""

import io
import itertools
import os
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from detectron2.checkpoint import DetectionCheckpointer

from mask_rcnn_paper.files import remove_leftovers, write_bytes_atomically, write_text_atomically
from mask_rcnn_paper.plain_pickle import UnsafePickleError, read_plain_pickle
from mask_rcnn_paper.training.experiment import require_same
from mask_rcnn_paper.training.weights import UnfitWeightsError, all_loaded, why_unreadable

_NUMBERED = re.compile(r".+_(\d{7})\.pth")


def write_checkpoint(path: str | Path, content: dict[str, Any]) -> None:
    """Write what `torch.save` makes of the content, whole or not at all.

    Raises:
        DiskFullError: there is no space.
    """
    # Serialised in memory first: torch reports a full disk as an internal error of its file format.
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_bytes_atomically(path, buffer.getbuffer())


class SafeCheckpointer(DetectionCheckpointer):
    """detectron2's checkpointer, which writes whole files or none, keeps two, and resumes from the newest whole one.

    Differs from detectron2, which writes in place: a kill while it saves leaves a truncated file, and
    `last_checkpoint` may name it. Files, names and `last_checkpoint` are detectron2's; so either reads the other's.

    Args:
        experiment: What `experiment_of` says of this run, if anything; files hold it, and those of another one are not
            resumed from.
        *args, **kwargs: As of detectron2's.
    """

    _warned = ""

    def __init__(self, *args: Any, experiment: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.experiment = experiment

    def resume_or_load(self, path: str, *, resume: bool = True) -> dict[str, Any]:
        """As detectron2's.

        Raises:
            ValueError: the checkpoint to resume from is of another experiment; the message says what differs.
        """
        resumes = resume and self.has_checkpoint()
        found = super().resume_or_load(path, resume=resume)
        if resumes and self.experiment is not None:
            place = self.get_checkpoint_file()
            if "experiment" in found:
                require_same(found["experiment"], self.experiment, place)
            else:
                self.logger.warning(f"{place} does not say which config it is of, so that is not checked")
        return found

    def load(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """As detectron2's; a `.pkl` that holds more than arrays and plain values is refused before detectron2 opens it.

        Files of torch hold nothing else: `torch.load` reads weights only, unless told otherwise.

        Raises:
            UnsafePickleError: nothing of the file has been run.
            UnfitWeightsError: it cannot be read as weights.
            FileNotFoundError: it is not there, or cannot be had.
        """
        try:
            return self._load(path, *args, **kwargs)
        except (FileNotFoundError, UnsafePickleError):
            raise
        except Exception as error:  # of a damaged or foreign file: almost anything, an OSError that names no file too
            reason = why_unreadable(error)
            raise UnfitWeightsError(
                f"MODEL.WEIGHTS={path!r} cannot be read as weights ({reason}): give the file that a training wrote"
            ) from error

    def _load(self, path: str, *args: Any, **kwargs: Any) -> dict[str, Any]:
        name = (path or "").partition("?")[0]
        if name.endswith(".pkl") and os.path.isfile(local := self._fetched(name)):
            read_plain_pickle(local)
        return super().load(path, *args, **kwargs)

    def load_whole(self, path: str, *, resume: bool = False, allow_partial: bool = False) -> None:
        """Load all weights of the model, from `path` or under `resume` from the checkpoint in `save_dir`, if any.

        Raises:
            UnfitWeightsError: the file cannot be read, lacks weights of the model, which `allow_partial` allows, or has
                some that are not finite.
            FileNotFoundError: it is not there, or cannot be had.
        """
        place = self.get_checkpoint_file() if resume and self.has_checkpoint() else path
        with all_loaded(self.model, place, allow_partial):
            self.load(place, checkpointables=[])

    def _fetched(self, path: str) -> str:
        try:
            return self.path_manager.get_local_path(path)
        except OSError as error:
            raise FileNotFoundError(
                f"MODEL.WEIGHTS={path!r} cannot be downloaded ({error}): download it by hand"
            ) from error

    def save(self, name: str, **kwargs: Any) -> None:
        """Save model and checkpointables as `<name>.pth`, make it the one to resume from, and remove old ones.

        Of the numbered checkpoints (`model_0000199`) before this one only the newest whole one is kept.

        Raises:
            DiskFullError: there is no space; earlier checkpoints and `last_checkpoint` are as they were.
        """
        if not self.save_dir or not self.save_to_disk:
            return
        states = {key: item.state_dict() for key, item in self.checkpointables.items()}
        known = {} if self.experiment is None else {"experiment": dict(self.experiment)}
        path = Path(self.save_dir, f"{name}.pth")
        self.logger.info(f"Saving checkpoint to {path}")
        for pattern in ("*.pth", "last_checkpoint"):
            remove_leftovers(self.save_dir, pattern)
        write_checkpoint(path, {"model": self.model.state_dict(), **states, **known, **kwargs})
        self.tag_last_checkpoint(path.name)
        for old in self._earlier(path.name)[1:]:
            old.unlink(missing_ok=True)

    def tag_last_checkpoint(self, last_filename_basename: str) -> None:
        """Name the checkpoint to resume from, its file name within `save_dir`."""
        write_text_atomically(Path(self.save_dir, "last_checkpoint"), last_filename_basename)

    def has_checkpoint(self) -> bool:
        """Whether there is a run to resume: a whole checkpoint, and `last_checkpoint`, whatever it names."""
        return bool(self.get_checkpoint_file())

    def get_checkpoint_file(self) -> str:
        """The checkpoint that `last_checkpoint` names, or the newest whole one before it; "" if there is none."""
        tag = Path(self.save_dir, "last_checkpoint")
        if not self.save_dir or not tag.is_file():
            return ""
        name = tag.read_text(encoding="utf-8", errors="replace").strip()
        path = Path(self.save_dir, name)
        if name and is_whole(path):
            return str(path)
        earlier = self._earlier(name)
        instead = f"resuming from {earlier[0]}" if earlier else "there is none before it, so the run begins anew"
        warning = f"{path} is truncated or missing: {instead}" if name else f"{tag} is empty: {instead}"
        if warning != self._warned:  # detectron2 asks several times
            self._warned = warning
            self.logger.warning(warning)
        return str(earlier[0]) if earlier else ""

    def _earlier(self, name: str) -> list[Path]:
        """Numbered checkpoints before the one of this name, newest first; the first of them is whole."""
        match = _NUMBERED.fullmatch(name)
        limit = int(match[1]) if match else float("inf")
        numbers = {n: int(m[1]) for n in os.listdir(self.save_dir) if (m := _NUMBERED.fullmatch(n)) and n != name}
        names = sorted((n for n in numbers if numbers[n] < limit), key=numbers.__getitem__, reverse=True)
        return list(itertools.dropwhile(lambda path: not is_whole(path), (Path(self.save_dir, n) for n in names)))


def is_whole(path: str | Path) -> bool:
    """Whether a file is a checkpoint of torch that was written to its end: a zip archive with the right checksums."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except PermissionError:  # it may be whole: beginning anew would lose it
        raise
    except Exception:  # of a damaged archive: almost anything
        return False
