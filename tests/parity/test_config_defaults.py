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


def test_every_key_of_the_core_is_upstreams():
    """The core invents no key."""
    assert set(CORE) <= set(UPSTREAM)


def test_every_default_equals_upstreams():
    """Value for value, type for type."""
    assert CORE == {key: UPSTREAM[key] for key in CORE}
    assert {k: type(v) for k, v in CORE.items()} == {k: type(UPSTREAM[k]) for k in CORE}


def test_every_key_of_upstream_is_taken_or_refused_by_name():
    """Setting a key that the core has works; one that it lacks is named, with the advice to install detectron2."""
    cfg = get_cfg()
    for key, value in UPSTREAM.items():
        if key in CORE:
            cfg.merge_from_list([key, repr(value)])
        else:
            with pytest.raises(KeyError, match=f"(?s){key}.*install detectron2"):
                cfg.merge_from_list([key, repr(value)])
    assert dict(flat(yaml.safe_load(cfg.dump()))) == CORE
