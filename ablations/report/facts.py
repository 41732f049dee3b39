"""What was run: scale, data, seeds, provider, commit, machine, when and how long."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ablations.jobs.status import FINISHED, Status

_COMMIT_DIGITS = 10


def run_facts(scale: str, seeds: Sequence[int], statuses: Sequence[Status], place: str) -> dict[str, str]:
    """Facts for the head of a report; what no result says is left out.

    Args:
        scale: Name of the scale.
        seeds: Seeds of the detectors.
        statuses: Of all jobs, stages before the detectors included.
        place: Where the results were read from.

    Returns:
        Text by name, in the order to be shown.
    """
    finished = [status for status in statuses if status.state == FINISHED]
    results = [status.result for status in finished]
    facts = {
        "scale": scale,
        "seeds": ", ".join(map(str, seeds)),
        "jobs": f"{len(finished)} of {len(statuses)} finished",
        "data": _different(f"{name} {version}" for r in results for name, version in r.get("data_version", {}).items()),
        "provider": _different(" ".join(map(str, r.get("provider", {}).values())) for r in results),
        "COCO evaluation": _different(result.get("coco_backend") for result in results),
        "torch": _different(result.get("versions", {}).get("torch") for result in results),
        "device": _different(result.get("device") for result in results),
        "commit": _different(_short(result.get("git_commit")) for result in results),
        "finished": _span(results),
        "computing time": duration(sum(status.seconds or 0 for status in finished)) if finished else "",
        "results": place,
    }
    return {name: text for name, text in facts.items() if text}


def duration(seconds: float) -> str:
    """As "45 s", "12 min", "5 h 7 min", "3 d 4 h"."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def _different(values: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(filter(None, values)))


def _short(commit: str | None) -> str:
    """The first digits of a commit, and "+changes" where there were."""
    digits, plus, rest = (commit or "").partition("+")
    return digits[:_COMMIT_DIGITS] + plus + rest


def _span(results: Sequence[Mapping[str, Any]]) -> str:
    """When the first and the last of these were written, to the minute."""
    times = sorted(f"{time[:10]} {time[11:16]}" for result in results if (time := result.get("finished")))
    return f"{' to '.join(dict.fromkeys((times[0], times[-1])))} UTC" if times else ""
