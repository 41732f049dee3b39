"""What `timing` prints: Markdown, which a terminal shows too, and JSON with every turn."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from ablations.evidence.findings import row_name
from ablations.paper.claims import Claim
from ablations.render.claims import rows_text
from ablations.timing.measured import METRICS, RowTimes, Statement
from mask_rcnn_paper.timing.networks import IMAGES
from mask_rcnn_paper.timing.parts import PARTS
from mask_rcnn_paper.timing.turns import Spread, spread


@dataclass(frozen=True)
class Timing:
    """What was measured, where, and in how many rounds. `paper` has the numbers of text-4.4-inference by run."""

    scale: str
    device: str
    machine: str
    git_commit: str | None
    rounds: int
    rows: Sequence[RowTimes]
    statements: Sequence[Statement]
    paper: Mapping[str, Sequence[float | None]]


def timing_text(timing: Timing) -> str:
    """Three tables: test, training step, and the paper's sentences."""
    parts = [_heading(timing), _test_table(timing), _step_table(timing)]
    if timing.statements:
        parts.append(_statement_table(timing.statements))
    return "\n\n".join(parts) + "\n"


def _heading(timing: Timing) -> str:
    images = IMAGES[timing.scale]
    seen = f"{images.scene.height}x{images.scene.width}"
    clock = "CPU time of one thread" if timing.device == "cpu" else "wall-clock"
    lines = (
        f"Times at scale {timing.scale}, in {clock}: {timing.machine}; "
        f"precision {', '.join(dict.fromkeys(row.precision for row in timing.rows))}",
        f"drawn images of {seen} pixels from originals of {images.height}x{images.width}, one at a time; "
        "every row shares its features with an RPN, and has as many proposals and detections as its recipe allows",
        "weights are random: no training is needed, and none changes the work",
        f"rows take turns: medians of {timing.rounds} turns after one that does not count; [the middle half of them]",
    )
    return "  \n".join(lines)


def _test_table(timing: Timing) -> str:
    lines = []
    for row in timing.rows:
        paper = timing.paper.get(row.run, (None, None, None))
        lines.append(
            [
                _label(row),
                _plain(paper[0]),
                _with_spread(spread(row.turns("time/inference")), ".1f"),
                _plain(paper[1]),
                f"{spread(row.turns('time/resizing')).median:.1f}",
                _plain(paper[2]),
                f"{spread(row.turns('time/frames')).median:.2f}",
                *(f"{row.share(part):.0%}" for part in PARTS),
            ]
        )
    header = ["at test", "paper, ms", "ms", "paper, + ms", "+ ms", "paper, images/s", "images/s", *PARTS]
    note = "+ ms: post-processing, which is in images/s and in the shares, and not in ms, as in the paper"
    return f"{_grid(header, lines)}\n\n{note}"


def _step_table(timing: Timing) -> str:
    lines = []
    for row in timing.rows:
        seconds = spread(row.steps)
        memory = (f"{value:.0f} ({what})" for what, value in row.peak_memory.items())
        lines.append([_label(row), str(row.images), _with_spread(seconds, ".3f"), ", ".join(memory)])
    return _grid(["training step", "images", "s", "peak memory, MB"], lines)


def _statement_table(found: Sequence[Statement]) -> str:
    lines = []
    for statement in found:
        claim = statement.claim
        unit = "" if claim.is_ratio else f" {claim.unit}"
        paper = "-" if statement.paper is None else f"{statement.paper:.2f}{unit}"
        ours = _with_spread(statement.ours, ".2f") + unit
        lines.append([f'{claim.section}: "{claim.words}"', _compared(claim), paper, ours])
    return _grid(["the paper's words, and ratios", "rows", "paper", "ours"], lines)


def _compared(claim: Claim) -> str:
    right = f" {'/' if claim.is_ratio else '-'} {rows_text(claim.right)}" if claim.right else ""
    return rows_text(claim.left) + right


def _label(row: RowTimes) -> str:
    return f"{row.label} ({row.run})"


def _with_spread(found: Spread, form: str) -> str:
    return f"{found.median:{form}} [{found.low:{form}}, {found.high:{form}}]"


def _plain(number: float | None) -> str:
    return "-" if number is None else f"{number:g}"


def _grid(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    aligned = ["left"] + ["right"] * (len(header) - 1)
    return tabulate(lines, header, tablefmt="pipe", colalign=aligned, disable_numparse=True)


def timing_json(timing: Timing) -> str:
    """Everything, with unrounded numbers, turn by turn."""
    facts = {key: getattr(timing, key) for key in ("scale", "device", "machine", "git_commit", "rounds")}
    rows = [
        {
            **dataclasses.asdict(row),
            "metrics": {name: dataclasses.asdict(spread(row.turns(name))) for name in METRICS},
            "shares": {part: row.share(part) for part in PARTS},
        }
        for row in timing.rows
    ]
    found = [
        {
            "claim": statement.claim.id,
            "section": statement.claim.section,
            "words": statement.claim.words,
            "rows": [row_name(key) for key in statement.claim.rows],
            "unit": "ratio" if statement.claim.is_ratio else statement.claim.unit,
            "paper": statement.paper,
            "ours": dataclasses.asdict(statement.ours),
        }
        for statement in timing.statements
    ]
    return json.dumps({**facts, "rows": rows, "statements": found}, indent=1, ensure_ascii=False) + "\n"
