"""Which class of one list a class of another is copied from."""

from collections.abc import Mapping, Sequence

RANDOM = "random"
ALL_RANDOM = "all_random"


def class_map(source: Sequence[str], target: Sequence[str], given: Mapping[str, str]) -> dict[str, str | None]:
    """Source of each target class: what is `given`, else the class of the same name; None: `RANDOM`.

    Raises:
        ValueError: a target class has no namesake and is not given, or what is given names no class.
    """
    for name, wanted in given.items():
        if name not in target:
            raise ValueError(f"--map {name}={wanted}: the target has no class {name!r}: choose from {_list(target)}")
        if wanted not in (*source, RANDOM):
            raise ValueError(
                f"--map {name}={wanted}: the source has no class {wanted!r}: choose from {RANDOM}, {_list(source)}"
            )
    missing = [name for name in target if name not in source and name not in given]
    if missing:
        raise ValueError(
            f"the source has no class {_list(missing)}: say what it starts from with --map {missing[0]}=NAME, or "
            f"--map {missing[0]}={RANDOM}, or start all classes anew with --map {ALL_RANDOM}; its classes are "
            f"{_list(source)}"
        )
    sources = {name: given.get(name, name) for name in target}
    return {name: None if wanted == RANDOM else wanted for name, wanted in sources.items()}


def read_map(words: Sequence[str]) -> tuple[dict[str, str], bool]:
    """TARGET=SOURCE words as a mapping, and whether one of them is `ALL_RANDOM`; ValueError for others."""
    pairs = [word.split("=") for word in words if word != ALL_RANDOM]
    for pair, word in zip(pairs, (w for w in words if w != ALL_RANDOM), strict=True):
        if len(pair) != 2 or not all(pair):
            raise ValueError(f"--map {word}: give TARGET=SOURCE, TARGET={RANDOM} or {ALL_RANDOM}")
    return {name: wanted for name, wanted in pairs}, ALL_RANDOM in words


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
