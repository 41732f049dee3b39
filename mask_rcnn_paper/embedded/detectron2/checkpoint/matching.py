"""Match the parameter names of a backbone file with those of a whole model."""

from collections import defaultdict
from collections.abc import Iterable


def match_by_suffix(model_keys: Iterable[str], checkpoint_keys: Iterable[str]) -> dict[str, str]:
    """For each key of the model, the checkpoint key that is its longest dotted suffix.

    `res4.0.conv1.weight` thus fills `backbone.res4.0.conv1.weight` or
    `backbone.bottom_up.res4.0.conv1.weight`, and `res5.*` fills `roi_heads.res5.*`. A suffix begins at a dot:
    `conv1.weight` does not fill `xconv1.weight`.

    Args:
        model_keys: Names in the model's state dict.
        checkpoint_keys: Names in the file.

    Returns:
        Checkpoint key by model key, without the model keys that nothing matches.
    """
    available = set(checkpoint_keys)
    matched = {}
    for key in model_keys:
        parts = key.split(".")
        suffixes = (".".join(parts[start:]) for start in range(len(parts)))
        found = next((suffix for suffix in suffixes if suffix in available), None)
        if found is not None:
            matched[key] = found
    return matched


def summarise(matched: dict[str, str]) -> list[str]:
    """Where a checkpoint's tensors went, in lines such as `res4.*  ->  backbone.res4.* (44 tensors)`.

    Args:
        matched: Names in the checkpoint by names in the model.
    """
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for model_key, checkpoint_key in matched.items():
        head = checkpoint_key.split(".")[0]
        prefix = model_key[: len(model_key) - len(checkpoint_key)]
        counts[f"{head}.*", f"{prefix}{head}.*"] += 1
    return [f"{source}  ->  {target} ({n} tensors)" for (source, target), n in counts.items()]
