"""Malformed values, texts and files, drawn from a seed: the same seed draws the same ones on every machine."""

import contextlib
import copy
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.attacks import HOSTILE, yaml_payload

# What a value may be replaced by: other types, limits of numbers, and text that means something to somebody.
VALUES = (
    *(None, True, False, 0, 1, -1, 0.5, -0.5, 7, 1e-30, 1e30, -1e30, 2**31, 2**63, -(2**70), 10**400),
    *(math.nan, math.inf, -math.inf),
    *("", " ", "x", "0", "nan", "None", "true", "é" * 300, "\ud800", "\x00", HOSTILE),
    *("../../escape", "/", "~", "*", "{}", "%s", "${HOME}", "=1+1", "-1", "file:///etc/passwd", "a\nb: c"),
    *([], {}, [[]], [None], {"": None}, {"a": {"b": []}}, [1, "2", None]),
)
# Stands in a tree for YAML that would run a command.
CODE = "@code@"
_DEPTH = 100_000


class Odd:
    """Draws what is wrong with a case; `calm`: nothing is, so that the case itself is known to be right.

    `rng` is for what is no fault, such as which command is tried.
    """

    def __init__(self, rng: random.Random, calm: bool = False) -> None:
        self.rng, self.calm = rng, calm

    def chance(self, share: float) -> bool:
        """Whether something is wrong here, in this share of cases."""
        return not self.calm and self.rng.random() < share

    def value(self, old: Any = None) -> Any:
        """Another value; often one that is like the old one."""
        rng = self.rng
        if isinstance(old, (int, float)) and not isinstance(old, bool) and rng.random() < 0.5:
            with_number = (
                lambda: -old,
                lambda: old + 1,
                lambda: old - 1,
                lambda: old * 1000,
                lambda: old / 1000,
                lambda: float(old),
                lambda: str(old),
                lambda: [old],
            )
            with contextlib.suppress(OverflowError):  # of 400 digits
                return rng.choice(with_number)()
        if isinstance(old, str) and rng.random() < 0.3:
            return rng.choice((old * 2, old[:-1], old.upper(), f" {old}", [old], {old: old}, f"{old}{HOSTILE}"))
        if isinstance(old, (list, tuple)) and old and rng.random() < 0.5:
            old = list(old)
            return rng.choice((old[:-1], old * 2, old[::-1], [old], old[0], [*old, None]))
        return copy.deepcopy(rng.choice(VALUES))

    def tree(self, tree: Any, values: tuple[Any, ...] = ()) -> Any:
        """A copy of nested dictionaries and lists with one to three faults; `values` are more to replace others by."""
        tree = copy.deepcopy(tree)
        for _ in range(0 if self.calm else self.rng.choice((1, 1, 1, 2, 3))):
            places = list(_places(tree))
            if not places:
                break
            self._break(*self.rng.choice(places), values)
        return tree

    def _break(self, parent: Any, key: Any, values: tuple[Any, ...]) -> None:
        kind = self.rng.randrange(10)
        if kind == 0:
            del parent[key]
        elif kind == 1:
            other = copy.deepcopy(parent[key])
            parent.append(other) if isinstance(parent, list) else parent.__setitem__(f"{key}2", other)
        elif kind == 2 and isinstance(parent, dict):
            parent[self.rng.choice((f"{key}s", "", HOSTILE, "é", str(key).upper()))] = parent.pop(key)
        elif kind == 3:  # what stands elsewhere
            other = self.rng.choice(list(parent) if isinstance(parent, list) else list(parent.values()))
            parent[key] = copy.deepcopy(other)
        elif kind == 4 and values:
            parent[key] = self.rng.choice(values)
        else:
            parent[key] = self.value(parent[key])

    def text(self, text: str, share: float = 0.25) -> bytes:
        """The text as a file, and in this share of cases a damaged one."""
        good = text.encode(errors="surrogatepass")
        if not self.chance(share):
            return good
        rng = self.rng
        cut = rng.randrange(len(text) + 1)
        return rng.choice(
            (
                lambda: b"\xef\xbb\xbf" + good,
                lambda: text.encode("utf-16", errors="surrogatepass"),
                lambda: good + b"\xff\xfe\x80",
                lambda: (text[:cut] + "[" * _DEPTH).encode(errors="surrogatepass"),
                lambda: (text[:cut] + "{" * _DEPTH + text[cut:]).encode(errors="surrogatepass"),
                lambda: (text[:cut] + "9" * 5000 + text[cut:]).encode(errors="surrogatepass"),
                lambda: (text[:cut] + text).encode(errors="surrogatepass"),
                lambda: (text[:cut] + "\r\n\t\x00" + text[cut:]).encode(errors="surrogatepass"),
                lambda: self.bytes(good),
            )
        )()

    def bytes(self, data: bytes) -> bytes:
        """Damaged data."""
        if self.calm:
            return data
        rng = self.rng
        kind, place = rng.randrange(7), rng.randrange(len(data) + 1)
        if kind == 0:
            return b""
        if kind == 1:
            return data[:place]
        if kind == 2:
            return data[:place] + rng.randbytes(rng.randrange(1, 64)) + data[place:]
        if kind == 3:
            return data[:place] + bytes(len(data[place : place + 512])) + data[place + 512 :]
        if kind == 4:
            return rng.randbytes(rng.randrange(1, 2000))
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 1, 4, 50)) if data else 0):
            damaged[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        return bytes(damaged)

    def json(self, tree: Any, share: float = 0.25) -> bytes:
        """A tree with faults as a JSON file with faults, duplicate keys among them."""
        text = json.dumps(self.tree(tree), ensure_ascii=self.rng.random() < 0.5)
        if self.chance(0.05) and text.startswith("{"):
            text = text[:-1] + "," + text[1:]
        return self.text(text, share)

    def yaml(self, tree: Any, mark: Path, share: float = 0.2) -> bytes:
        """A tree with faults as a YAML file with faults; code in it would leave `mark`, aliases grow without end."""
        import yaml

        tree = self.tree(tree, (CODE,))
        try:
            text = yaml.safe_dump(tree, sort_keys=False)
        except yaml.YAMLError:
            text = json.dumps(tree)
        for quoted in (f"'{CODE}'", f'"{CODE}"', CODE):
            text = text.replace(quoted, yaml_payload(mark))
        if self.chance(0.05):
            text = _laughs() + text
        return self.text(text, share)


def _laughs() -> str:
    """Aliases of aliases: a few lines that would be 10^9 values."""
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    return "\n".join((*lines, ""))


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every value of a tree, as what it is in and its key or index."""
    keys = tree if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in list(keys):
        yield tree, key
        yield from _places(tree[key])
