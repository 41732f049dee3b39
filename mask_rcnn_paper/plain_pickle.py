"""Pickles of numpy arrays and plain values, read without running anything.

A pickle is a program: its reader calls whatever the file names. Here a file can name nothing but what rebuilds arrays
and numbers, so that weights, proposals and results may be a stranger's.
"""

import codecs
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

# numpy moves these functions about between its versions, so they are known by their names alone.
_NUMPY_BUILDERS = {
    "_reconstruct": np.zeros(1).__reduce__()[0],
    "_frombuffer": np.zeros(1).__reduce_ex__(5)[0],
    "scalar": np.float64(0).__reduce__()[0],
}
_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("_codecs", "encode"): codecs.encode,
    ("__builtin__", "bytes"): bytes,  # empty ones, in old protocols
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
}


class UnsafePickleError(ValueError):
    """A pickle that names something other than arrays and plain values, or is no pickle."""


def read_plain_pickle(path: str | Path) -> Any:
    """Content of a file of containers, numbers, strings and numpy arrays; text of Python 2 is read as latin1.

    Raises:
        UnsafePickleError: the file holds something else, or is damaged; nothing of it has been run.
        OSError: it cannot be read.
    """
    with open(path, "rb") as file:
        try:
            return _PlainUnpickler(file, encoding="latin1").load()
        except OSError:
            raise
        except Exception as error:  # of a damaged pickle: almost anything
            raise UnsafePickleError(
                f"{str(path)!r} is not a pickle of numpy arrays and plain values alone "
                f"({' '.join(str(error).split()) or type(error).__name__}): nothing of it was run; get it anew"
            ) from None


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        if module.startswith("numpy.") and name in _NUMPY_BUILDERS:
            return _NUMPY_BUILDERS[name]
        raise pickle.UnpicklingError(f"it names {module}.{name}")
