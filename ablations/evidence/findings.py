"""Measure the paper's claims in the results there are, and judge them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import fmean

from ablations.evidence.collect import TableResults, shared_facts
from ablations.evidence.estimates import Estimator
from ablations.evidence.measure import measure
from ablations.jobs.folder import Status
from ablations.jobs.plan import Plan
from ablations.paper.claims import Claim
from ablations.paper.tables import OURS, RowKey, Table
from ablations.paper.terms import AP, Term
from ablations.statistics.headroom import respect_headroom
from ablations.statistics.judge import CITED, NOT_RUN, Judgement, judge


@dataclass(frozen=True)
class Finding:
    """A claim, its `difference` in each seed, what follows from them, and what is missing and why ("": nothing)."""

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
    estimator: Estimator,
) -> tuple[list[Finding], TableResults]:
    """A finding for each claim, seeds paired, and what the results of all their rows have in common, without a row.

    Args:
        claims: The claims.
        tables: The tables that their rows are of.
        plan: Covers the rows that have a config; `statuses` are of its jobs, by identity.
        estimator: Says how uncertain a difference is.

    A claim whose rows differ in what those of one table must agree in is not judged; others are.
    """
    rows = dict.fromkeys(key for claim in claims if not claim.pending for key in claim.rows)
    evidence = shared_facts(_table_of(rows), rows, plan, seeds, statuses, side_by_side=False)
    return [_finding(claim, tables, plan, seeds, statuses, estimator) for claim in claims], evidence


def _table_of(rows: Iterable[RowKey]) -> Table:
    """A table without content, in whose name facts about these rows are asked for."""
    return Table(", ".join(dict.fromkeys(table_id for table_id, _ in rows)), "Rows that claims are about", "", (), ())


def row_name(key: RowKey) -> str:
    """A row as `claims.yaml` writes it."""
    return "/".join(key)


def _finding(
    claim: Claim,
    tables: Mapping[str, Table],
    plan: Plan,
    seeds: Sequence[int],
    statuses: Mapping[str, Status],
    estimator: Estimator,
) -> Finding:
    rows = {key: tables[key[0]].row(key[1]) for key in claim.rows}
    if cited := [f"{row_name(key)}: {row.why_not_run}" for key, row in rows.items() if row.origin != OURS]:
        return Finding(claim, {}, Judgement(CITED), "; ".join(cited))
    if claim.pending:
        return Finding(claim, {}, Judgement(NOT_RUN), f"not measured yet: {claim.pending}")
    try:
        shared_facts(_table_of(claim.rows), claim.rows, plan, seeds, statuses)
    except ValueError as error:
        return Finding(claim, {}, Judgement(NOT_RUN), str(error))
    found = {
        seed: {term: _measured(term, claim, statuses.get(plan.rows.get((*term[0], seed), ""))) for term in claim.terms}
        for seed in seeds
    }
    values = {seed: {term: v for term, (v, _) in by_term.items() if v is not None} for seed, by_term in found.items()}
    differences = {seed: claim.difference(v) for seed, v in values.items() if len(v) == len(claim.terms)}
    reasons: dict[str, dict[str, list[int]]] = {}
    for (key, row), seed in product(rows.items(), seeds):
        whys = (why for term, (_, why) in found[seed].items() if why and term[0] == key)
        if missing := dict.fromkeys(row.why_not_run or why for why in whys):
            reasons.setdefault("; ".join(missing), {}).setdefault(row_name(key), []).append(seed)
    judgement = _judgement(claim, differences, values, estimator)
    tried = [seed for seed in seeds if values[seed]]
    return Finding(claim, differences, judgement, _missing_text(reasons, seeds, tried or seeds))


def _judgement(
    claim: Claim,
    differences: Mapping[int, float],
    values: Mapping[int, Mapping[Term, float]],
    estimator: Estimator,
) -> Judgement:
    """Of the differences by seed, which were made from these values."""
    if not differences:
        return Judgement(NOT_RUN)
    judgement = judge(claim.relation, estimator.estimate(claim.terms, differences, claim.is_ratio), claim.margin)
    if claim.unit != AP:
        return judgement
    means = {term: fmean(values[seed][term] for seed in differences) for term in claim.terms}
    terms = ((f"{row_name(row)} {metric}", w, means[row, metric]) for (row, metric), w in claim.terms.items())
    return respect_headroom(judgement, claim.relation, terms)


def _measured(term: Term, claim: Claim, status: Status | None) -> tuple[float | None, str]:
    """As `measure`."""
    value, why = measure(status, term[1])
    if claim.is_ratio and value is not None and value <= 0:
        return None, f"its {term[1]} is {value:g}, which has no ratio to others"
    return value, why


def _missing_text(
    reasons: Mapping[str, Mapping[str, Sequence[int]]], seeds: Sequence[int], tried: Sequence[int]
) -> str:
    """Rows and seeds without a value by reason: "2b/softmax seed 1: not run"; a row without any is named alone.

    That nobody ran the seeds that are not among `tried`, those of which some row has a value, needs no words.
    """
    texts = []
    for reason, rows in reasons.items():
        who = []
        for row, missing in rows.items():
            if found := [str(seed) for seed in missing if seed in tried]:
                who.append(row if len(missing) == len(seeds) else f"{row} seed {', '.join(found)}")
        texts += [f"{', '.join(who)}: {reason}"] if who else []
    return "; ".join(texts)
