"""What a reader must know before the numbers of a table: what was run, on which data, and how sure it is."""

from collections.abc import Mapping

from ablations.evidence.collect import TableResults
from ablations.render.intervals import SOURCES, sources_text
from ablations.render.names import metric_label
from ablations.render.signature import signature

# What runs of a reduced scale can show.
SCALE_NOTES = {
    "short": "short runs have an eighth of the paper's iterations: read differences, not APs",
    "mini": "mini runs claim signs and orders of differences only, never absolute APs",
    "smoke": "smoke runs only show that everything runs; their numbers mean nothing",
}


def facts_of(results: TableResults) -> tuple[str, ...]:
    """A line for each thing to know."""
    facts = (
        runs_line(results, _versions(results.data_versions)),
        results.own_data and f"own data {results.own_data}: the paper's numbers are of other data, and left out",
        by_hand_line(results),
        differing_line(results),
        "; ".join(f"results {note}" for note in results.other_commits),
        SCALE_NOTES.get(results.scale, ""),
        results.table.note,
        "ours: mean ± standard deviation over seeds" if len(results.seeds) > 1 else "",
        *_intervals(results),
        signature(results),
    )
    return tuple(filter(None, facts))


def _intervals(results: TableResults) -> list[str]:
    """How uncertain the differences of rows are, a line each below an explanation; none where nothing is known."""
    lines = []
    for row in results.rows:
        pairs = zip(results.table.metrics, row.estimates, strict=False)
        known = [(metric, text) for metric, found in pairs if found and (text := sources_text(found))]
        texts = (f"{metric_label(metric.result)} {text}" for metric, text in known)
        lines += [f"{row.label}: {'; '.join(texts)}"] if known and row.is_delta else []
    return [SOURCES, *lines] if lines else []


def runs_line(results: TableResults, versions: str = "") -> str:
    """What was run, in a line; `versions` are of the data."""
    facts = (
        f"scale {results.scale}",
        results.data and f"data {results.data}",
        versions,
        f"seed{'s' * (len(results.seeds) > 1)} {', '.join(map(str, results.seeds))}",
        results.provider and f"provider {results.provider}",
        results.coco_backend and f"COCO evaluation {results.coco_backend}",
        results.precision and f"precision {results.precision}",
    )
    return "; ".join(filter(None, facts))


def by_hand_line(results: TableResults) -> str:
    """Which rows were trained by hand, and where; "" for none."""
    return f"trained by hand: {'; '.join(results.by_hand)}" if results.by_hand else ""


def differing_line(results: TableResults) -> str:
    """What results differ in that stand side by side; "" for nothing."""
    return f"results differ in {'; '.join(results.differing)}" if results.differing else ""


def own_data_note(name: str) -> str:
    """What the paper's numbers are beside those of other data; "" for the paper's own."""
    return f"own data {name}: the paper's numbers are of other data, and for reference only" if name else ""


def _versions(versions: Mapping[str, str]) -> str:
    """One version where all datasets have the same, else each."""
    if len(set(versions.values())) == 1:
        return f"data version {next(iter(versions.values()))}"
    return f"data versions {', '.join(f'{name} {version}' for name, version in versions.items())}" if versions else ""
