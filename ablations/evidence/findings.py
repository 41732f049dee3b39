"""Measure the paper's claims in the results there are, and judge them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablations.evidence.collect import TableResults, measure, shared_facts
from ablations.jobs.folder import Status
from ablations.jobs.plan import Plan
from ablations.paper.claims import Claim, metric_terms
from ablations.statistics.judge import NOT_RUN, Judgement, judge, pair
from ablations.paper.tables import RowKey, Table


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
    """A finding for each claim, seeds paired, and what the results of all their rows have in common, without a row.

    Args:
        claims: The claims.
        tables: The tables that their rows are of.
        plan: Covers the rows that have a config; `statuses` are of its jobs, by identity.

    Raises:
        ValueError: the results differ in what those of one table must agree in.
    """
    rows = dict.fromkeys(key for claim in claims if not claim.pending for key in claim.rows)
    names = ", ".join(dict.fromkeys(table_id for table_id, _ in rows))
    evidence = shared_facts(Table(names, "Rows that claims are about", "", (), ()), rows, plan, seeds, statuses)
    return [_finding(claim, tables, plan, seeds, statuses) for claim in claims], evidence


def row_name(key: RowKey) -> str:
    """A row as `claims.yaml` writes it."""
    return "/".join(key)


def _finding(
    claim: Claim, tables: Mapping[str, Table], plan: Plan, seeds: Sequence[int], statuses: Mapping[str, Status]
) -> Finding:
    if claim.pending:
        return Finding(claim, {}, Judgement(NOT_RUN), f"not measured yet: {claim.pending}")
    sides: list[dict[int, float]] = []
    reasons: dict[str, dict[str, list[int]]] = {}
    for key in claim.rows:
        why_not_run, values = tables[key[0]].row(key[1]).why_not_run, {}
        for seed in seeds:
            status = statuses.get(plan.rows.get((*key, seed), ""))
            terms = [(weight, *measure(status, name)) for name, weight in metric_terms(claim.metric).items()]
            if missing := dict.fromkeys(why_not_run or why for _, value, why in terms if value is None):
                reasons.setdefault("; ".join(missing), {}).setdefault(row_name(key), []).append(seed)
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
