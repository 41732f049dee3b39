"""Checkpoint files, read without running foreign code."""

import codecs
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import torch
from detectron2.checkpoint.c2_names import convert_c2_names

# What pickled arrays and numbers are rebuilt with; numpy moves these functions about between versions.
_NUMPY_BUILDERS = {
    "_reconstruct": np.zeros(1).__reduce__()[0],
    "_frombuffer": np.zeros(1).__reduce_ex__(5)[0],
    "scalar": np.float64(0).__reduce__()[0],
}
_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): codecs.encode,
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
}
_NUMPY_GLOBALS = [np.dtype, np.ndarray, codecs.encode, *_NUMPY_BUILDERS.values()]
_NUMPY_GLOBALS += [type(np.dtype(code)) for code in ("f4", "f8", "i4", "i8", "?")]


class UnreadableCheckpointError(ValueError):
    """The file exists, but it is incomplete or holds something other than weights."""


class _ArrayUnpickler(pickle.Unpickler):
    """Reads containers, numbers, strings and numpy arrays, and calls nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if module.startswith("numpy.") and name in _NUMPY_BUILDERS:
            return _NUMPY_BUILDERS[name]
        raise pickle.UnpicklingError(f"{module}.{name} does not belong in a weights file")


def _read_pickle(path: str) -> dict[str, Any]:
    with open(path, "rb") as file:
        data = _ArrayUnpickler(file, encoding="latin1").load()
    if "model" in data and "__author__" in data:
        return data
    names = convert_c2_names(data := data.get("blobs", data))
    model = {names[blob]: array for blob, array in data.items() if blob in names}
    return {"model": model, "__author__": "Caffe2", "matching_heuristics": True}


def _read_torch(path: str) -> dict[str, Any]:
    with torch.serialization.safe_globals(_NUMPY_GLOBALS):
        data = torch.load(path, map_location="cpu", weights_only=True)
    return data if "model" in data else {"model": data}


def read_checkpoint(path: str) -> dict[str, Any]:
    """Read a `.pth` file of torch or a `.pkl` file of numpy arrays.

    A `.pkl` file either has the keys `model` and `__author__`, or is a Caffe2 file, whose blobs are renamed.

    Args:
        path: Existing local file.

    Returns:
        "model": state dict of tensors or arrays; "matching_heuristics": True where names lack their prefix;
        what else the file holds.

    Raises:
        UnreadableCheckpointError: the file is truncated, or holds objects other than weights and states.
    """
    try:
        return _read_pickle(path) if path.endswith(".pkl") else _read_torch(path)
    except OSError:
        raise
    except Exception as error:
        reason = str(error).strip().split("\n")[0]
        raise UnreadableCheckpointError(f"{path} is truncated or no checkpoint ({reason}): get it anew") from error
