"""Checkpoints: of an evaluation, of a run that goes on, and of the commands that turn them into others."""

import io
import json
import pickle
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.terminal import escape_logs
from mask_rcnn_paper.torchvision_weights import main as torchvision_weights
from mask_rcnn_paper.training.checkpoint import SafeCheckpointer
from mask_rcnn_paper.transfer.__main__ import main as transfer
from mask_rcnn_paper.unite import main as unite
from tests.attacks import Payload
from tests.fuzz.odd import Odd
from tests.fuzz.oracle import Case, Wrong

_HEAD = "roi_heads.box_predictor"


class Net(nn.Module):
    """A few weights with the names of a detector's, of two classes."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.roi_heads = nn.Module()
        self.roi_heads.box_predictor = nn.Module()
        self.roi_heads.box_predictor.cls_score = nn.Linear(5, 3)
        self.roi_heads.box_predictor.bbox_pred = nn.Linear(5, 8)


@cache
def _weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {name: value.clone() for name, value in Net().state_dict().items()}


def make(odd: Odd, folder: Path) -> Case:
    """A file of torch or a pickle, in it another tree, other tensors, code, or damaged bytes."""
    for_torch = odd.rng.random() < 0.7
    content = _odd_content(odd, folder, for_torch)
    path = folder / odd.rng.choice(("w.pth", "w.pth", "model_final.pth") if for_torch else ("w.pkl",))
    path.write_bytes(_written(odd, content, for_torch))
    return odd.rng.choice((_evaluation, _evaluation, _resumption, _transfer, _union, _conversion))(odd, folder, path)


def _odd_content(odd: Odd, folder: Path, for_torch: bool) -> object:
    weights = {n: v.clone() if for_torch else v.numpy().copy() for n, v in _weights().items()}
    content = {"model": weights, "iteration": 1, "trainer": {"iteration": 1}, "__author__": "somebody"}
    if odd.calm or odd.rng.random() < 0.3:
        return content
    if odd.rng.random() < 0.5:
        name = odd.rng.choice(sorted(weights))
        weights[name] = _odd_tensor(odd, weights[name])
        return content
    code = Payload(Case.mark(folder))
    return odd.tree(content, (code, *(_odd_tensor(odd, value) for value in weights.values())))


def _odd_tensor(odd: Odd, value: torch.Tensor | np.ndarray) -> object:
    value = torch.as_tensor(value)
    number = value.float()
    found = odd.rng.choice(
        (
            lambda: number * torch.nan,
            lambda: number + torch.inf,
            lambda: number.to(torch.complex64),
            lambda: number.double() * 1e300,
            lambda: number.half(),
            lambda: number.bool(),
            lambda: number[None],
            lambda: number.flatten(),
            lambda: number.flatten()[:-1],
            lambda: number.to_sparse(),
            lambda: torch.zeros(0),
            lambda: torch.zeros(()),
            lambda: number.to("meta"),
            lambda: number.tolist(),
            lambda: odd.value(),
        )
    )()
    return found


def _written(odd: Odd, content: object, for_torch: bool) -> bytes:
    if for_torch:
        buffer = io.BytesIO()
        warnings.filterwarnings("ignore", "TypedStorage is deprecated")  # torch's own old format
        torch.save(content, buffer, _use_new_zipfile_serialization=odd.rng.random() < 0.8)
        data = buffer.getvalue()
    else:
        data = pickle.dumps(content, odd.rng.choice((2, 4)))
    return odd.bytes(data) if odd.chance(0.35) else data


def _require_sound(model: nn.Module, path: Path) -> None:
    """The model has the file's weights, and they are numbers; what is in the file torch itself says."""
    state = {name: value for name, value in model.state_dict().items() if value.is_floating_point()}
    if wrong := [name for name, value in state.items() if not bool(torch.isfinite(value).all())]:
        raise Wrong(f"weights that are not finite were taken: {wrong}")
    if wrong := [name for name, value in state.items() if torch.equal(value, torch.full_like(value, 7.0))]:
        raise Wrong(f"weights that were not in the file were taken for loaded: {wrong}")
    expected = _weights()
    changed = [name for name, value in state.items() if not torch.equal(value, expected[name])]
    if changed and not _says(path, model, changed):
        raise Wrong(f"weights were taken that the file's writer did not write: {changed}")


def _says(path: Path, model: nn.Module, names: list[str]) -> bool:
    """Whether the file, read plainly, has these values of the model; else its bytes were damaged."""
    try:
        found = torch.load(path, weights_only=True) if path.suffix == ".pth" else pickle.loads(path.read_bytes())
        found = found.get("model", found)
        state = model.state_dict()
        return all(torch.allclose(torch.as_tensor(found[n]).to(state[n].dtype), state[n]) for n in names)
    except Exception:
        return False


def _evaluation(odd: Odd, folder: Path, path: Path) -> Case:
    model = Net()
    with torch.no_grad():
        for value in model.state_dict().values():
            value.fill_(7)

    def call() -> None:
        escape_logs()
        with one_line_errors("train_net.py"):
            SafeCheckpointer(model).load_whole(str(path))

    return Case(
        call, f"--eval-only MODEL.WEIGHTS {path}", folder, (path.name,), sound=lambda _: _require_sound(model, path)
    )


def _resumption(odd: Odd, folder: Path, path: Path) -> Case:
    """--resume from a folder whose `last_checkpoint` may be wrong too; an unreadable checkpoint is passed over."""
    model = Net()
    name = odd.text(path.name, 0.4)
    (folder / "last_checkpoint").write_bytes(name)
    experiment = {"config_hash": "h", "config": "{}"}

    def call() -> None:
        escape_logs()
        with one_line_errors("train_net.py"):
            SafeCheckpointer(model, str(folder), experiment=experiment).resume_or_load("", resume=True)

    return Case(call, f"--resume, last_checkpoint {name[:50]!r}", folder, (path.name, "last_checkpoint", str(folder)))


def _transfer(odd: Odd, folder: Path, path: Path) -> Case:
    for name, classes in (("from", ("person", "dog")), ("to", ("dog", "cat", "cow"))):
        data = {"images": [], "annotations": [], "categories": [{"id": i, "name": n} for i, n in enumerate(classes, 1)]}
        (folder / f"{name}.json").write_text(json.dumps(data))
    words = [str(path), str(folder / "out.pth"), "--from", str(folder / "from.json"), "--to", str(folder / "to.json")]
    words += ["--map", "cat=random", "--map", "cow=random"]
    return Case(
        lambda: transfer(words), f"transfer {words}", folder, (path.name,), sound=lambda _: _require_finite(folder)
    )


def _union(odd: Odd, folder: Path, path: Path) -> Case:
    other = folder / "other.pth"
    torch.save({"model": _weights()}, other)
    words = [str(p) for p in odd.rng.sample((path, other), 2)] + [str(folder / "out.pth")]
    return Case(
        lambda: unite(words), f"unite {words}", folder, (path.name, "body"), sound=lambda _: _require_finite(folder)
    )


def _conversion(odd: Odd, folder: Path, path: Path) -> Case:
    words = [str(path), str(folder / "out.pth")]
    return Case(lambda: torchvision_weights(words), f"torchvision_weights {words}", folder, (path.name, "torchvision"))


def _require_finite(folder: Path) -> None:
    found = torch.load(folder / "out.pth", weights_only=True)["model"]
    if wrong := [n for n, v in found.items() if v.is_floating_point() and not bool(torch.isfinite(v).all())]:
        raise Wrong(f"{wrong} are not finite in what was written")
