"""What was run: scale, data, seeds, provider, commit, machine, when and how long."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ablations.results import TableResults
from ablations.store import FINISHED, Status

_COMMIT_DIGITS = 10


def run_facts(evidence: TableResults, statuses: Sequence[Status], place: str) -> dict[str, str]:
    """Facts for the head of a report; what no result says is left out.

    Args:
        evidence: The rows of all claims as one table, for what all results agree in.
        statuses: Of all jobs, stages before the detectors included.
        place: Where the results were read from.

    Returns:
        Text by name, in the order to be shown.
    """
    finished = [status for status in statuses if status.state == FINISHED]
    results = [status.result for status in finished]
    versions = (f"{name} {version}" for name, version in evidence.data_versions.items())
    times = sorted(filter(None, (result.get("finished") for result in results)))
    facts = {
        "scale": evidence.scale,
        "seeds": ", ".join(map(str, evidence.seeds)),
        "jobs": f"{len(finished)} of {len(statuses)} finished",
        "data": ", ".join(versions),
        "provider": evidence.provider,
        "COCO evaluation": evidence.coco_backend,
        "libraries": _different(_libraries(result) for result in results),
        "device": _different(result.get("device") for result in results),
        "commit": _different(_short(result.get("git_commit")) for result in results),
        "finished": _span(times),
        "computing time": duration(sum(status.seconds or 0 for status in finished)) if finished else "",
        "results": place,
    }
    return {name: text for name, text in facts.items() if text}


def duration(seconds: float) -> str:
    """As "45 s", "12 min", "5 h 7 min", "3 d 4 h"."""
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 60:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    return f"{minutes // 60} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def _different(values: Iterable[str | None]) -> str:
    return ", ".join(dict.fromkeys(filter(None, values)))


def _libraries(result: Mapping[str, Any]) -> str:
    return " ".join(f"{name} {result['versions'][name]}" for name in ("torch",) if name in result.get("versions", {}))


def _short(commit: str | None) -> str:
    """The first digits of a commit, and "+changes" where there were."""
    digits, plus, rest = (commit or "").partition("+")
    return digits[:_COMMIT_DIGITS] + plus + rest


def _span(times: Sequence[str]) -> str:
    """From the first to the last of some times in ISO 8601, to the minute."""
    ends = list(dict.fromkeys(f"{time[:10]} {time[11:16]}" for time in (*times[:1], *times[-1:])))
    return f"{' to '.join(ends)} UTC" if ends else ""
