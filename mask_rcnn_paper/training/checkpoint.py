"""Checkpoints that a kill, a full disk or a truncated file cannot spoil."""

import io
import itertools
import os
import re
import zipfile
from pathlib import Path
from typing import Any

import torch
from detectron2.checkpoint import DetectionCheckpointer

from mask_rcnn_paper.files import remove_leftovers, write_bytes_atomically, write_text_atomically

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
    """

    _warned = ""

    def save(self, name: str, **kwargs: Any) -> None:
        """Save model and checkpointables as `<name>.pth`, make it the one to resume from, and remove old ones.

        Of the numbered checkpoints (`model_0000199`) before this one only the newest whole one is kept.

        Raises:
            DiskFullError: there is no space; earlier checkpoints and `last_checkpoint` are as they were.
        """
        if not self.save_dir or not self.save_to_disk:
            return
        states = {key: item.state_dict() for key, item in self.checkpointables.items()}
        path = Path(self.save_dir, f"{name}.pth")
        self.logger.info(f"Saving checkpoint to {path}")
        for pattern in ("*.pth", "last_checkpoint"):
            remove_leftovers(self.save_dir, pattern)
        write_checkpoint(path, {"model": self.model.state_dict(), **states, **kwargs})
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
