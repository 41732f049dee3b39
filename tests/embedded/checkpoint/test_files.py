import os
import pickle

import numpy as np
import pytest
import torch
from detectron2.checkpoint.files import UnreadableCheckpointError, read_checkpoint


def dump(path, data, protocol=2):
    path.write_bytes(pickle.dumps(data, protocol=protocol))
    return str(path)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_pickle_of_arrays(tmp_path, protocol):
    """A `.pkl` with model and author is read as it is, whatever its protocol."""
    array = np.arange(6, dtype="float32").reshape(2, 3)
    data = {"model": {"a.weight": array, "n": np.int64(3)}, "__author__": "us", "matching_heuristics": True}
    found = read_checkpoint(dump(tmp_path / "m.pkl", data, protocol))
    np.testing.assert_array_equal(found["model"]["a.weight"], array)
    assert found["model"]["n"] == 3
    assert found["matching_heuristics"] is True


@pytest.mark.parametrize("nested", [False, True])
def test_caffe2_pickle(tmp_path, nested):
    """A Caffe2 file, with or without `blobs`, gets detectron2's names and is matched by suffix."""
    blobs = {"conv1_w": np.ones(2), "res2_0_branch1_bn_s": np.zeros(1), "conv1_w_momentum": np.ones(2)}
    found = read_checkpoint(dump(tmp_path / "m.pkl", {"blobs": blobs} if nested else blobs))
    assert sorted(found["model"]) == ["res2.0.shortcut.norm.weight", "stem.conv1.weight"]
    assert found["matching_heuristics"] is True


class Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


@pytest.mark.parametrize("ending", ["pkl", "pth"])
def test_no_code_is_run(tmp_path, monkeypatch, ending):
    """A file that would call a function is refused and the function is not called."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"m.{ending}"
    dump(path, {"model": Evil()}) if ending == "pkl" else torch.save({"model": Evil()}, path)
    with pytest.raises(UnreadableCheckpointError):
        read_checkpoint(str(path))
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("ending", ["pkl", "pth"])
@pytest.mark.parametrize("kept", [0, 100])
def test_truncated_file(tmp_path, ending, kept):
    """A truncated file is an error of one line that names it."""
    path = tmp_path / f"m.{ending}"
    data = {"model": {"w": np.ones(100)}, "__author__": "us"}
    dump(path, data) if ending == "pkl" else torch.save({"w": torch.ones(100)}, path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UnreadableCheckpointError, match=f"m.{ending} is truncated") as error:
        read_checkpoint(str(path))
    assert "\n" not in str(error.value)


def test_torch_file(tmp_path):
    """A `.pth` holds optimiser states and numpy numbers too; a bare state dict becomes the model."""
    torch.save(
        {"model": {"w": torch.ones(1)}, "best": np.float64(0.5), "opt": {"state": {0: None}}},
        tmp_path / "a.pth",
    )
    assert read_checkpoint(str(tmp_path / "a.pth"))["best"] == 0.5
    torch.save({"w": torch.ones(1)}, tmp_path / "b.pth")
    assert list(read_checkpoint(str(tmp_path / "b.pth"))) == ["model"]
