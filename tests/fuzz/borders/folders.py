"""What lies in the folders of jobs: results, the runner's notes, progress, and measured times."""

import json
from functools import cache
from pathlib import Path

import ablations.__main__ as cli
from ablations.query import Asked, make_query
from tests.fuzz.odd import Odd
from tests.fuzz.oracle import Case, Wrong

_METRICS = {name: {"AP": 30.0, "AP50": 50.0, "AP75": 31.0, "APs": 1.0, "APm": None} for name in ("bbox", "segm")}


@cache
def _jobs() -> tuple[tuple[str, str, str, str | None], ...]:
    """Folder below the output, kind, identity and config hash of each job of Table 2b."""
    query = make_query(Asked("smoke", output="out", tables=("2b",)))
    return tuple(
        (str(j.folder.path.relative_to(query.output)), j.kind, j.identity, j.folder.config_hash)
        for j in query.plan.jobs.values()
    )


def _documents(identity: str, config_hash: str | None) -> dict[str, dict]:
    provider = {"name": "embedded", "detectron2": "0.6+embedded"}
    return {
        "result.json": {
            **{"metrics": _METRICS, "config_hash": config_hash or "h", "scale": "smoke", "seconds": 12.5, "seed": 0},
            **{"provider": provider, "coco_backend": "pycocotools 2.0.11", "precision": "float32", "threads": 1},
            **{"datasets": {"train": ["smoke_train"], "test": ["smoke_val"]}, "data_version": {"smoke_val": "v4"}},
            **{"objects": {"smoke_val": {"all": 200, "small": 120}}, "count": {"trained": 1e6}},
            **{"time": {"iteration": 0.5}, "versions": {"torch": "2.6"}, "git_commit": "abc", "device": "cpu"},
        },
        "job.json": {
            **{"state": "finished", "reason": "", "tail": ["a line"], "seconds": 12.5, "started": 1.7e9},
            **{"config_hash": config_hash, "identity": identity, "slurm_job": None},
        },
        "progress.json": {"stage": "train", "done": 1, "total": 2, "found": 0.5, "time": 1.7e9, "loss": 0.5},
    }


def make(odd: Odd, folder: Path) -> Case:
    """Folders of jobs, one of whose files has faults; each command says so, and shows the others."""
    output, jobs = folder / "out", _jobs()
    chosen, file = odd.rng.choice(jobs), odd.rng.choice(("result.json", "result.json", "job.json", "progress.json"))
    timing = odd.rng.random() < 0.2
    for place, _kind, identity, config_hash in jobs:
        (output / place).mkdir(parents=True, exist_ok=True)
        for name, content in _documents(identity, config_hash).items():
            here = not timing and (place, name) == (chosen[0], file)
            (output / place / name).write_bytes(odd.json(content) if here else json.dumps(content).encode())
    if timing:
        spread = {"median": 10.0, "low": 9.0, "high": 11.0}
        metrics = {f"time/{name}": spread for name in ("inference", "resizing", "frames")}
        content = {"rounds": 9, "rows": [{"config_hash": jobs[-1][3], "metrics": metrics}], "device": "cpu"}
        (output / "smoke" / "timing.json").write_bytes(odd.json(content))
    command = odd.rng.choice(_COMMANDS)
    words = [*command, "--scale", "smoke", "--output", str(output)]
    found: list[int] = []

    def call() -> int:
        found.append(cli.main(words))
        return found[0]

    def sound(code: int) -> None:
        if code:
            raise Wrong(f"exit code {code}")

    return Case(call, f"ablations {words} with {chosen[0]}/{file}", folder, ("timing.json", str(output)), sound=sound)


_COMMANDS = (
    *((("status", "2b"),) * 4),
    *((("status", "2b", "--format", "json"),) * 2),
    *((("list", "2b"),) * 3),
    *((("run", "2b", "--dry-run"),) * 2),
    ("table", "2b"),
    ("table", "2b", "--format", "html"),
    ("table", "2b", "--format", "csv"),
    ("claims", "2b-sigmoid"),
)
