"""YAML files of a user's own tables and claims, and of own data."""

from pathlib import Path
from typing import Any

import ablations.__main__ as cli
from tests.fuzz.odd import Odd
from tests.fuzz.oracle import Case
from tests.own_files import write_own

_TABLES: dict[str, Any] = {
    "tables": [
        {
            "id": "mine",
            "title": "Losses",
            "section": "4.2",
            "split": "val",
            "note": "a note",
            "descriptors": {"loss": "loss"},
            "metrics": [{"result": "segm/AP", "printed": "AP"}, {"result": "segm/AP75 - segm/AP50", "printed": "d"}],
            "rows": [
                {
                    **{"id": "softmax", "label": "softmax", "run": "mine_softmax", "config": "table2b/softmax.yaml"},
                    **{"paper": [24.8, None], "descriptors": {"loss": "softmax"}},
                },
                {
                    **{"id": "sigmoid", "label": "sigmoid", "run": "mine", "config": "table2b/sigmoid.yaml"},
                    **{"paper": [30.3, 1], "descriptors": {"loss": "sigmoid"}},
                },
                {
                    **{"id": "other", "label": "other", "paper": [1.0, None], "descriptors": {"loss": "none"}},
                    **{"origin": "cited", "ref": 10, "source": "there"},
                },
            ],
            "deltas": [{"minuend": "sigmoid", "subtrahend": "softmax", "paper": [5.5, None]}],
        }
    ]
}
_CLAIMS: dict[str, Any] = {
    "sentences": [
        {
            **{"section": "4.2", "words": "a severe loss", "relation": "greater"},
            "claims": [
                {"id": "mine-1", "row": "mine/sigmoid", "over": "mine/softmax", "metric": "segm/AP"},
                {"id": "mine-2", "row": "mine/sigmoid - mine/softmax", "metric": "segm/AP"},
            ],
        }
    ]
}
_DATA: dict[str, Any] = {
    "name": "pets",
    "train": {"annotations": "train.json", "images": "images"},
    "val": {"annotations": "val.json", "images": "images2"},
    "keypoint_names": ["nose", "left_eye", "right_eye"],
    "flip_pairs": [["left_eye", "right_eye"]],
    "oks_sigmas": [0.05, 0.05, 0.05],
}


def make(odd: Odd, folder: Path) -> Case:
    """One of the three with faults; the commands that read it."""
    out = ["--scale", "smoke", "--output", str(folder / "out")]
    kind = odd.rng.choice(("tables", "tables", "claims", "data"))
    mark = Case.mark(folder)
    if kind == "data":
        write_own(folder, keypoints=True)
        (folder / "images2").symlink_to(folder / "images")
        (folder / "data.yaml").write_bytes(odd.yaml(_DATA, mark))
        words = [odd.rng.choice(("list", "status")), "2b", "--data", str(folder / "data.yaml"), *out]
        return Case(
            lambda: cli.main(words), f"ablations {words}", folder, ("data.yaml", "name of data", " data ", "keypoint")
        )
    calm = Odd(odd.rng, calm=True)
    (folder / "tables.yaml").write_bytes((odd if kind == "tables" else calm).yaml(_TABLES, mark))
    words = [*odd.rng.choice((["list"], ["list"], ["status"], ["status"], ["table"])), "mine"]
    where = ["tables.yaml", "'mine'"]
    if kind == "claims":
        (folder / "claims.yaml").write_bytes(odd.yaml(_CLAIMS, mark))
        words = ["claims", "mine-1", "--claims", str(folder / "claims.yaml")]
        where += ["claims.yaml", "mine-1"]
    if words[0] in ("table",):
        words += ["--format", odd.rng.choice(("md", "tex", "html", "csv", "json"))]
    words += ["--tables", str(folder / "tables.yaml"), *out]
    # A row may name another config, which says itself what is wrong with it.
    return Case(lambda: cli.main(words), f"ablations {words}", folder, (*where, ".yaml", "config file", "table"))
