"""Reliability plots: how many of a row's detections are right, by how sure of them it is.

Source: TensorMask (arXiv:1903.12174), Appendix A.5; the sources of `mask_rcnn_paper.coco.reliability`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ablations.evidence.shown_scores import CALIBRATED_THRESHOLD, TASKS, ScoreRule
from ablations.report.contents import commonest
from ablations.report.figures import COLOURS, DASHES, WIDTH, Plot, new_figure, soften, svg, written

if TYPE_CHECKING:
    from mask_rcnn_paper.coco.calibration import Outcomes
    from mask_rcnn_paper.coco.reliability import Reliability

# Inches of a figure without its legend, and of a row in that.
_HEIGHT, _LEGEND_ROW = 3.4, 0.19
_TITLES = ("raw scores in bins", "precision by raw score", "precision by calibrated score")


def reliability_plots(matches: Mapping[tuple[str, int], Path], rule: ScoreRule) -> list[Plot]:
    """Three figures of a table's rows, of the seed of which most have them: bins, and raw and calibrated precision.

    Calibrated scores are from the other half of the images, since a calibration fits the images that it is made from.

    Args:
        matches: Files of what was matched, by (label of the row, seed).
        rule: Its `iou` says what is right.

    Returns:
        [] where nothing was matched.

    Raises:
        ValueError: the evaluations have no such IoU threshold.
    """
    seed = commonest(seed for _, seed in matches)
    rows, task = _read({label: path for (label, of), path in matches.items() if of == seed}, rule.iou)
    if not rows:
        return []
    from mask_rcnn_paper.coco.reliability import at_least, by_bin, calibrated_by_others, expected_calibration_error

    right = f"right at {TASKS[task]} {rule.iou:g}"
    bins = {label: by_bin(found.scores, found.right) for label, found in rows.items()}
    raw = {label: at_least(found.scores, found.right) for label, found in rows.items()}
    calibrated = {label: at_least(calibrated_by_others(found), found.right) for label, found in rows.items()}
    distances = (f"{label} {100 * expected_calibration_error(found):.0f} %" for label, found in bins.items())
    texts = [f"Mean distance from the diagonal: {'; '.join(distances)}", _at_threshold(raw), _at_threshold(calibrated)]
    drawn = zip(_TITLES, (bins, raw, calibrated), texts, strict=True)
    return [
        Plot(title, _draw(title, right, curves), f"{title}: share that is {right}, seed {seed}. {text}")
        for title, curves, text in drawn
    ]


def _read(files: Mapping[str, Path], iou: float) -> "tuple[dict[str, Outcomes], str]":
    """What was right of each row that has detections, by the first of `TASKS` that most rows have."""
    from mask_rcnn_paper.coco.calibration import Outcomes
    from mask_rcnn_paper.coco.matches import load_matches

    found = {label: load_matches(path) for label, path in files.items()}
    task = max(TASKS, key=lambda name: sum(name in by_task for by_task in found.values()))
    rows = {label: Outcomes.of(by_task[task], iou) for label, by_task in found.items() if task in by_task}
    return {label: outcomes for label, outcomes in rows.items() if len(outcomes.scores)}, task


def _at_threshold(curves: "Mapping[str, Reliability]") -> str:
    shares = []
    for label, curve in curves.items():
        share = next(
            (s for level, s in zip(curve.scores, curve.right, strict=True) if level >= CALIBRATED_THRESHOLD), None
        )
        shares.append(f"{label} {'none' if share is None else f'{100 * share:.0f} %'}")
    return f"Of what scores at least {CALIBRATED_THRESHOLD:g}: {'; '.join(shares)}"


def _draw(title: str, right: str, curves: "Mapping[str, Reliability]") -> bytes:
    """A row has a colour and a dash; on the diagonal as many are right as scores say."""
    figure, [[axes]] = new_figure(WIDTH, _HEIGHT + _LEGEND_ROW * len(curves))
    soften(axes, title)
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1, zorder=1)
    for n, (label, curve) in enumerate(curves.items()):
        look = {"color": COLOURS[n % len(COLOURS)], "linestyle": DASHES[n % len(DASHES)]}
        marker = "o" if len(curve.scores) == 1 else ""  # else no line would show it
        axes.plot(curve.scores, curve.right, marker=marker, markersize=3, linewidth=1.4, label=written(label), **look)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel="score", ylabel=right)
    figure.legend(loc="outside lower left", frameon=False, fontsize=8, handlelength=3)
    return svg(figure)
