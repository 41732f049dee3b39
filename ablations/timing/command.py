"""`python -m ablations timing`: images a second, where the time goes, a training step, and the paper's words on it."""

import argparse
import multiprocessing
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from tqdm import tqdm

from ablations.evidence.times import TIMING
from ablations.jobs.planner import STAGE_SEED
from ablations.jobs.recipe import read_recipe
from ablations.paper.claims import Claim, load_claims
from ablations.paper.tables import Row, RowKey, Table, load_tables
from ablations.predict.trained_row import find_row
from ablations.query import Asked
from ablations.timing.measured import RowTimes, about_time, statements
from ablations.timing.text import Timing, timing_json, timing_text
from mask_rcnn_paper.commit import git_commit
from mask_rcnn_paper.config_files import SCALES
from mask_rcnn_paper.errors import one_line_errors
from mask_rcnn_paper.files import write_text_atomically
from mask_rcnn_paper.imports import Import, find_import, import_components
from mask_rcnn_paper.terminal import say
from mask_rcnn_paper.timing.machine import machine_text
from mask_rcnn_paper.timing.networks import Subject, TestTurn, step_memory, training_turn
from mask_rcnn_paper.timing.turns import take_turns

_FEWEST_ROUNDS = 3


def time_rows(args: argparse.Namespace, opts: Sequence[str]) -> int:
    """`timing`: measure, print, and keep the times where `table` and `claims` find them; returns the exit code."""
    with one_line_errors("ablations"):
        asked = Asked.from_arguments(args, opts)
        device = _device(args.device)
        if args.rounds < _FEWEST_ROUNDS:
            raise ValueError(f"--rounds {args.rounds}: must be at least {_FEWEST_ROUNDS}, for a spread")
        if asked.data:
            raise ValueError(f"--data {asked.data}: images are drawn, whatever the data: leave it out")
        if asked.scale not in SCALES:
            raise ValueError(f"scale {asked.scale!r}: choose from {', '.join(SCALES)}")
        tables = load_tables(more=asked.more_tables)
        claims = list(load_claims(tables, more=asked.more_claims).values())
        rows = choose_rows(tables, claims, asked.rows)
        imports = tuple(find_import(name) for name in asked.imports)
        import_components(imports)
        subjects = {key: Subject(row.config, asked.scale, device, asked.opts, imports) for key, row in rows.items()}
        hashes = {key: _config_hash(row, asked, imports) for key, row in rows.items()}
        for subject in subjects.values():
            subject.cfg()  # a wrong key is found before anything is measured
    if device == "cpu":
        torch.set_num_threads(1)  # whose time other jobs on the machine hardly change
    torch.set_flush_denormal(True)
    found = measure(rows, subjects, hashes, args.rounds)
    runs = {(table.id, row.id): row.run for table in tables.values() for row in table.rows}
    paper = {row.run: row.paper for row in tables["text-4.4-inference"].rows}
    scene = asked.scale, device, machine_text(device), git_commit()
    timing = Timing(*scene, args.rounds, found, statements(claims, runs, found), paper)
    with one_line_errors("ablations", OSError):
        place = Path(asked.output) / asked.scale / TIMING
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text_atomically(place, timing_json(timing))
    say({"md": timing_text, "json": timing_json}[args.format](timing), end="")
    return 0


def choose_rows(tables: Mapping[str, Table], claims: Sequence[Claim], names: Sequence[str]) -> dict[RowKey, Row]:
    """The rows of these names, as `find_row` takes them, or those that the paper times; each model once.

    These are the rows of tables of inference times and of claims about time, those that are built. ValueError for an
    unknown name.
    """
    if names:
        found = [find_row(tables, name) for name in names]
        keys = [(table_id, row.id) for table_id, row in found]
    else:
        times = [t for t in tables.values() if any(metric.result == "time/inference" for metric in t.metrics)]
        keys = [(table.id, row.id) for table in times for row in table.rows]
        keys += [key for claim in about_time(claims) for key in claim.rows]
    rows: dict[RowKey, Row] = {}
    for table_id, row_id in keys:
        row = tables[table_id].row(row_id)
        if row.config and row.run not in {other.run for other in rows.values()}:
            rows[table_id, row_id] = row
    return rows


def measure(
    rows: Mapping[RowKey, Row],
    subjects: Mapping[RowKey, Subject],
    hashes: Mapping[RowKey, str],
    rounds: int,
    clock: Callable[[], float] | None = None,
) -> list[RowTimes]:
    """Time all rows: at test in turns, then a training step in turns, then the memory of steps, each in a process.

    `clock` is that of the device by default. Progress goes to the standard error.
    """
    with tqdm(total=len(rows) * (2 * rounds + 3), unit="turn", file=sys.stderr, disable=None) as bar:
        tests = {key: TestTurn(subject, clock) for key, subject in subjects.items()}
        test = take_turns(tests, rounds, watch=bar.update)
        detections = {key: turn.detections for key, turn in tests.items()}
        tests.clear()  # so that two models of a row are never in memory at once
        steps = {key: training_turn(subject, clock) for key, subject in subjects.items()}
        step = take_turns(steps, rounds, watch=bar.update)
        steps.clear()
        memory = {}
        for key, subject in subjects.items():
            memory[key] = _in_a_process(subject)
            bar.update()
    return [
        RowTimes(
            name="/".join(key),
            label=row.label,
            run=row.run,
            config_hash=hashes[key],
            test=test[key],
            detections=detections[key],
            steps=step[key],
            images=subjects[key].images_per_step,
            peak_memory=memory[key],
            precision=subjects[key].cfg().PRECISION,
        )
        for key, row in rows.items()
    ]


def _in_a_process(subject: Subject) -> dict[str, float]:
    """As `step_memory`: the peak of a process is that of all it has done."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(step_memory, subject).result()


def _device(name: str | None) -> str:
    """What `--device` says, by default a GPU where there is one; ValueError where it is not there."""
    there = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    if name not in (None, *there):
        raise ValueError(f"--device {name}: choose from {', '.join(there)}")
    return name or there[-1]


def _config_hash(row: Row, asked: Asked, imports: Sequence[Import]) -> str:
    """Of the job that trains the row with the first seed, which the times stand beside."""
    return read_recipe(row.config, asked.scale, (*asked.opts, "SEED", str(STAGE_SEED)), imports).config_hash
