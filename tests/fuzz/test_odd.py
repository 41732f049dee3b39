"""What is drawn: the same for a seed, wrong unless calm, and never in place."""

import copy
import random

import yaml

from tests.fuzz.odd import Odd

TREE = {"a": [1, {"b": "text"}], "c": 2.5}


def test_a_seed_fixes_everything(tmp_path):
    """So that a case can be repeated."""
    drawn = [[Odd(random.Random(f"1 x {n}")).yaml(TREE, tmp_path) for n in range(50)] for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 40


def test_calm_changes_nothing(tmp_path):
    """Neither trees nor files."""
    odd = Odd(random.Random(0), calm=True)
    assert odd.tree(TREE) == TREE
    assert odd.bytes(b"abc") == b"abc"
    assert yaml.safe_load(odd.yaml(TREE, tmp_path, share=1.0)) == TREE


def test_what_is_given_stays():
    """Faults are in a copy."""
    before, odd = copy.deepcopy(TREE), Odd(random.Random(0))
    assert sum(odd.tree(TREE) != TREE for _ in range(100)) > 90
    assert before == TREE
