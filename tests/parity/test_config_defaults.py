"""The default config agrees with detectron2's (commit 02b5c4e2), key by key."""

from pathlib import Path

import pytest
import yaml
from detectron2.config import get_cfg

RECORDED = Path(__file__).parent / "data" / "config_defaults.yaml"


def flat(tree, prefix=""):
    """Leaves of nested mappings under their full names."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


UPSTREAM = dict(flat(yaml.safe_load(RECORDED.read_text())))
CORE = dict(flat(yaml.safe_load(get_cfg().dump())))
LACKING = sorted(set(UPSTREAM) - set(CORE))


def test_every_key_of_the_core_is_upstreams():
    """The core invents no key."""
    assert set(CORE) <= set(UPSTREAM)


def test_every_default_equals_upstreams():
    """Value for value, type for type."""
    assert CORE == {key: UPSTREAM[key] for key in CORE}
    assert {k: type(v) for k, v in CORE.items()} == {k: type(UPSTREAM[k]) for k in CORE}


@pytest.mark.parametrize("key", LACKING)
def test_a_lacking_key_is_named_with_its_cure(key):
    """Setting a detectron2 key that the core lacks says which key, and to install detectron2."""
    with pytest.raises(KeyError, match=f"(?s){key}.*install detectron2"):
        get_cfg().merge_from_list([key, repr(UPSTREAM[key])])
