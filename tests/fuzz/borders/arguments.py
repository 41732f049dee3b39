"""Words of command lines: of the commands that read, and of `run` as far as its plan."""

import json
from collections.abc import Callable
from pathlib import Path

import ablations.__main__ as cli
from mask_rcnn_paper.torchvision_weights import main as torchvision_weights
from mask_rcnn_paper.transfer.__main__ import main as transfer
from mask_rcnn_paper.unite import main as unite
from mask_rcnn_paper.validate_dataset.__main__ import main as validate
from tests.fuzz.borders.configs import END_TO_END, resolve
from tests.fuzz.odd import VALUES, Odd
from tests.fuzz.oracle import Case
from tests.validate_dataset.cases import valid_data, write_images

_WORDS = (
    *("--scale", "--output", "--data", "--tables", "--claims", "--rows", "--seeds", "--format", "--vary", "--jobs"),
    *("--launcher", "--gpus-per-job", "--published", "--timeout-min", "--slurm", "--help", "-h", "--", "--no-such"),
    *("2b", "2b/sigmoid", "smoke", "paper", "nan", "1e9", "-5", "99999999999999999999", "x=y", "a:b", "."),
    *("SOLVER.MAX_ITER", "NO.SUCH_KEY", "MODEL.ROI_MASK_HEAD.LOSS", "SEED", "DATASETS.TRAIN", "OUTPUT_DIR"),
    *(value for value in VALUES if isinstance(value, str)),
)


def make(odd: Odd, folder: Path) -> Case:
    """A command that works, with words replaced, removed, repeated or put in."""
    name, main, first, words, codes = odd.rng.choice(_commands(folder))
    words = _mangled(odd, list(words))
    return Case(
        call=lambda: main([*first, *words]),
        about=f"{name} {[*first, *words]}",
        folder=folder,
        codes=codes,
    )


def _commands(folder: Path) -> list[tuple[str, Callable[[list[str]], object], tuple, tuple, tuple]]:
    """Name, function, words that stay, words that may change, and exit codes of what does some harm to nobody."""
    out = ("--scale", "smoke", "--output", str(folder / "out"))
    (folder / "train.json").write_text(json.dumps(valid_data()))
    images = write_images(folder / "images")
    return [
        ("ablations", cli.main, ("list",), ("2b", *out, "--format", "json"), (0,)),
        ("ablations", cli.main, ("status",), ("2b", "2a", *out, "--seeds", "0", "1"), (0,)),
        ("ablations", cli.main, ("status",), ("2b", "--rows", "sigmoid", *out, "SOLVER.BASE_LR", "0.1"), (0,)),
        ("ablations", cli.main, ("run", "--dry-run"), ("2b", *out, "--jobs", "2", "--seeds", "0"), (0,)),
        ("ablations", cli.main, ("predict",), ("2b/sigmoid", str(images), *out, "--seed", "0"), (0,)),
        ("validate_dataset", validate, (), (str(folder / "train.json"), str(images), "--fix", "fixed.json"), (0, 1)),
        ("train_net.py", resolve, (), ("--config-file", "table2b/sigmoid.yaml", "--scale", "smoke", *END_TO_END), (0,)),
        ("transfer", transfer, (), ("no.pth", "out.pth", "--to", "cityscapes", "--map", "rider=person"), (0,)),
        ("unite", unite, (), ("rpn.pth", "detector.pth", "out.pth"), (0,)),
        ("torchvision_weights", torchvision_weights, (), ("in.pth", "out.pth"), (0,)),
    ]


def _mangled(odd: Odd, words: list[str]) -> list[str]:
    rng = odd.rng
    for _ in range(0 if odd.calm else rng.choice((1, 1, 2, 3))):
        place = rng.randrange(len(words) + 1)
        kind = rng.randrange(5)
        if kind == 0 and place < len(words):
            del words[place]
        elif kind == 1:
            words.insert(place, rng.choice(_WORDS))
        elif kind == 2 and words:
            words.insert(place, rng.choice(words))
        elif place < len(words):
            words[place] = rng.choice(_WORDS)
    return words
