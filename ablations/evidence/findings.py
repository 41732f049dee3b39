"""Measure the paper's claims in the results there are, and judge them."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablations.evidence.collect import TableResults, collect
from ablations.jobs.folder import Status
from ablations.jobs.plan import Plan
from ablations.paper.claims import Claim, metric_terms
from ablations.paper.judge import NOT_RUN, Judgement, judge, pair
from ablations.paper.tables import Metric, RowKey, Table

# Value of a metric of one row and seed, or None and the reason why there is none.
Measured = Mapping[tuple[str, int], Mapping[str, tuple[float | None, str]]]


@dataclass(frozen=True)
class Finding:
    """A claim, its difference in each seed, what follows from them, and what is missing and why ("": nothing)."""

    claim: Claim
    differences: Mapping[int, float]
    judgement: Judgement
    missing: str = ""

    @property
    def note(self) -> str:
        """What stands behind the verdict."""
        return "; ".join(filter(None, (self.judgement.note, self.missing)))


def find(
    claims: Sequence[Claim],
    tables: Mapping[str, Table],
    plan: Plan,
    seeds: Sequence[int],
    statuses: Mapping[str, Status],
) -> tuple[list[Finding], TableResults]:
    """Measure and judge claims.

    Args:
        claims: The claims.
        tables: The tables that their rows are of.
        plan: Covers the rows that have a config.
        seeds: Seeds to pair.
        statuses: Of the plan's jobs, by identity.

    Returns:
        A finding for each claim, and the results of all their rows as one table.

    Raises:
        ValueError: the results differ in what those of one table must agree in.
    """
    measurable = [claim for claim in claims if not claim.pending]
    table = _table_of_rows(measurable, tables)
    rows = {(table.id, row_name(key[:2]), key[2]): identity for key, identity in plan.rows.items()}
    plan = dataclasses.replace(plan, rows=rows)
    evidence = collect(table, plan, seeds, statuses)
    measured = {}
    for seed in seeds:
        for row in collect(table, plan, [seed], statuses).rows:
            columns = zip(table.metrics, row.ours, row.notes, strict=True)
            measured[row.id, seed] = {m.result: (value and value.mean, note) for m, value, note in columns}
    return [_finding(claim, measured, seeds) for claim in claims], evidence


def _table_of_rows(claims: Sequence[Claim], tables: Mapping[str, Table]) -> Table:
    """All rows of the claims under all their metrics, so that they are read and refused as those of a table are."""
    keys = dict.fromkeys(key for claim in claims for key in claim.rows)
    metrics = tuple(Metric(m, m) for m in dict.fromkeys(m for claim in claims for m in metric_terms(claim.metric)))
    # The numbers are not used, but one that the paper does not print would need no reason to be missing here.
    paper = (0.0,) * len(metrics)
    rows = tuple(dataclasses.replace(tables[t].row(r), id=row_name((t, r)), paper=paper) for t, r in keys)
    names = ", ".join(dict.fromkeys(table_id for table_id, _ in keys))
    return Table(names, "Rows that claims are about", "", metrics, rows)


def row_name(key: RowKey) -> str:
    """A row as `claims.yaml` writes it."""
    return "/".join(key)


def _finding(claim: Claim, measured: Measured, seeds: Sequence[int]) -> Finding:
    if claim.pending:
        return Finding(claim, {}, Judgement(NOT_RUN), f"not measured yet: {claim.pending}")
    sides: list[Mapping[int, float]] = []
    reasons: dict[str, dict[str, list[int]]] = {}
    for name in map(row_name, claim.rows):
        values = {}
        for seed in seeds:
            terms = [(weight, *measured[name, seed][key]) for key, weight in metric_terms(claim.metric).items()]
            if missing := [why for _, value, why in terms if value is None]:
                reasons.setdefault("; ".join(dict.fromkeys(missing)), {}).setdefault(name, []).append(seed)
            else:
                values[seed] = sum(weight * value for weight, value, _ in terms)
        sides.append(values)
    differences = pair(sides[0], sides[1] if len(sides) > 1 else dict.fromkeys(sides[0], 0.0))
    judgement = judge(claim.relation, list(differences.values()), claim.margin)
    tried = [seed for seed in seeds if any(seed in values for values in sides)]
    return Finding(claim, differences, judgement, _missing_text(reasons, seeds, tried or seeds))


def _missing_text(
    reasons: Mapping[str, Mapping[str, Sequence[int]]], seeds: Sequence[int], tried: Sequence[int]
) -> str:
    """Rows and seeds without a value by reason: "2b/softmax seed 1: not run".

    Args:
        reasons: Seeds by reason and row.
        seeds: All seeds; a row that has a reason for all of them is named alone.
        tried: Those of which some row has a value: that nobody ran the others needs no words.
    """
    texts = []
    for reason, rows in reasons.items():
        missing = {row: [seed for seed in found if seed in tried] for row, found in rows.items()}
        who = [
            row if len(rows[row]) == len(seeds) else f"{row} seed {', '.join(map(str, found))}"
            for row, found in missing.items()
            if found
        ]
        texts += [f"{', '.join(who)}: {reason}"] if who else []
    return "; ".join(texts)
