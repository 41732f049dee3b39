"""Pickles of arrays and plain values, and no others."""

import pickle
from collections import OrderedDict

import numpy as np
import pytest

from mask_rcnn_paper.plain_pickle import UnsafePickleError, read_plain_pickle
from tests.attacks import Payload


@pytest.mark.parametrize("protocol", range(6))
def test_arrays_and_plain_values_are_read(tmp_path, protocol):
    """As they were, whatever the protocol."""
    value = OrderedDict(
        a=np.arange(6.0).reshape(2, 3), b=[1, 2.5, "ä", None, b"x", (True,)], c=np.float32(3), d={1: -2}
    )
    value["empty"], value["bool"] = np.zeros((0, 4), np.float32), np.array([True])
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(value, protocol))
    found = read_plain_pickle(tmp_path / "a.pkl")
    assert list(found) == list(value) and found["b"] == value["b"] and found["d"] == value["d"]
    for key in ("a", "c", "empty", "bool"):
        np.testing.assert_array_equal(found[key], value[key])
        assert found[key].dtype == value[key].dtype


def test_text_of_python_2_is_read(tmp_path):
    """As detectron2's model zoo has it."""
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02}q\x00U\x01\xe4K\x01s.")
    assert read_plain_pickle(tmp_path / "a.pkl") == {"ä": 1}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("place", [lambda p: p, lambda p: {"model": [p]}, lambda p: np.array([p], dtype=object)])
def test_code_is_not_run(tmp_path, protocol, place):
    """Wherever it stands."""
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(place(Payload(tmp_path / "mark")), protocol))
    with pytest.raises(
        UnsafePickleError, match="a.pkl' is not a pickle of numpy arrays .*it names .*nothing of it was"
    ):
        read_plain_pickle(tmp_path / "a.pkl")
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize(
    "program",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy.testing._private.utils\nruncode\n.",
        b"cnumpy.f2py\nos.system\n.",
        b"cnumpy\nload\n.",
        b"ccollections\nnamedtuple\n.",
        b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.",
    ],
)
def test_nothing_else_can_be_named(tmp_path, program):
    """Neither functions of Python, nor others of numpy's, nor by a path of attributes."""
    (tmp_path / "a.pkl").write_bytes(program)
    with pytest.raises(UnsafePickleError, match="it names"):
        read_plain_pickle(tmp_path / "a.pkl")


@pytest.mark.parametrize(
    "content", [b"", b"text", b"\x80", b"\x80\x05\x95", pickle.dumps(np.zeros(9))[:-20], b"PK\x03\x04"]
)
def test_damage_is_one_line(tmp_path, content):
    """With the file's name."""
    (tmp_path / "a.pkl").write_bytes(content)
    with pytest.raises(UnsafePickleError, match="^'.*a.pkl' is not a pickle of numpy arrays [^\n]*$"):
        read_plain_pickle(tmp_path / "a.pkl")
    with pytest.raises(FileNotFoundError):
        read_plain_pickle(tmp_path / "none.pkl")
