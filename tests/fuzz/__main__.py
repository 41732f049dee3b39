"""Malformed inputs for every border, and kills at any time.

python -m tests.fuzz --cases 2000 --kills 30 --seed 1
python -m tests.fuzz --only configs:117 --seed 1        # one case again
python -m tests.fuzz --cases 200 --kills 0 --lines      # also every line that a refusal said

Exit code 1 where the rule of oracle.py was not kept, or a killed run did not end as one that was left alone.
"""

import argparse
import os
import sys
import tempfile
from collections import Counter

from tabulate import tabulate


def main() -> int:
    """Run the cases, then the kills; print the failures as they come, and the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=2000, help="of all borders together")
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", metavar="BORDER:NUMBER", help="this case alone, or all of a BORDER")
    parser.add_argument("--lines", action="store_true", help="print each line that a refusal said, once")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fuzz_cache_") as cache:
        # Before the plugin is imported, here and in the workers: datasets are registered with their folders.
        os.environ["MASK_RCNN_PAPER_CACHE"] = cache
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    from tests.fuzz.kills import kill_runs
    from tests.fuzz.workers import BORDERS, run_all

    border, _, number = (args.only or "").partition(":")
    if number:
        cases = [(border, int(number))]
    else:
        names = [border] if border else BORDERS
        share = -(-args.cases // len(names))
        cases = [(name, n) for name in names for n in range(share)][: args.cases]
    counts = {name: Counter() for name in BORDERS}
    lines: set[str] = set()
    for (name, n), outcome, about in run_all(cases, args.seed):
        counts[name][outcome.state] += 1
        if outcome.state == "failed":
            print(f"FAILED {name}:{n} --seed {args.seed}: {outcome.said}\n    {about!r}", flush=True)
        elif args.only:
            print(f"{outcome.state}: {outcome.said}\n    {about!r}")
        elif args.lines and outcome.state == "refused" and outcome.said not in lines:
            lines.add(outcome.said)
            print(f"{name}:{n}: {outcome.said}")
    failed_kills = [] if args.only else kill_runs(args.kills, args.seed)
    for text in failed_kills:
        print(f"FAILED {text}", flush=True)
    rows = [(n, sum(c.values()), c["refused"], c["accepted"], c["failed"]) for n, c in counts.items() if c]
    rows += [("kills", args.kills, "", args.kills - len(failed_kills), len(failed_kills))] if not args.only else []
    print(tabulate(rows, ("border", "cases", "refused", "accepted", "failed")))
    return int(any(row[-1] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
