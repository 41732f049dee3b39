"""Configs as flat dictionaries, to compare them key by key."""


def flatten(cfg, prefix: str = "") -> dict[str, object]:
    """Every leaf of a config under its full key."""
    leaves = {}
    for key, value in cfg.items():
        leaves |= flatten(value, f"{prefix}{key}.") if hasattr(value, "items") else {prefix + key: value}
    return leaves
