"""The graph of jobs: what is shared, what is one job, and what each is told."""

import ast
from pathlib import Path

import pytest

from ablations.jobs import plan as planning
from ablations.jobs.plan import make_plan
from ablations.paper.tables import Row, load_tables, select_rows, select_tables
from tests.ablations import fake_configs

OUT = Path("/out")


def plan(*configs, seeds=(0,), opts=(), scale="mini", **options):
    """A plan of fake rows."""
    rows = {("t", c): Row(id=c, label=c, paper=(), config=c, run=c.removesuffix(".yaml")) for c in configs}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "read_recipe", fake_configs.read_recipe)
        patch.setattr(planning, "lasting_name", str)
        return make_plan(rows, seeds, scale, OUT, opts, **options)


def kinds(planned):
    return [job.kind for job in planned.jobs.values()]


def value_of(job, key):
    """What a job gives a config key."""
    return job.options[job.options.index(key) + 1]


def test_rows_of_one_backbone_share_pretraining_and_rpn():
    """Rows that differ in the head alone need one backbone, one RPN and two detectors, inputs first."""
    planned = plan("softmax.yaml", "sigmoid.yaml")
    assert kinds(planned) == ["pretrain", "rpn", "detector", "detector"]
    pretrain, rpn, softmax, sigmoid = planned.jobs.values()
    assert (pretrain.inputs, rpn.inputs) == ((), (pretrain.identity,))
    assert softmax.inputs == sigmoid.inputs == (pretrain.identity, rpn.identity)
    assert planned.rows["t", "softmax.yaml", 0] == softmax.identity


def test_rows_with_equal_configs_are_one_job():
    """The hash of the resolved config decides, not the name of the row."""
    planned = plan("sigmoid.yaml", "same.yaml")
    assert kinds(planned).count("detector") == 1
    assert planned.rows["t", "same.yaml", 0] == planned.rows["t", "sigmoid.yaml", 0]


def test_only_the_detector_varies_with_the_seed():
    """Three seeds cost three detectors; pre-training and RPN run with seed 0."""
    planned = plan("sigmoid.yaml", seeds=(0, 1, 2))
    assert kinds(planned) == ["pretrain", "rpn", "detector", "detector", "detector"]
    assert [value_of(job, "SEED") for job in planned.jobs.values()] == ["0", "0", "0", "1", "2"]


def test_every_stage_can_vary_with_the_seed():
    """Then a seed has a pre-training, an RPN and a detector of its own; seed 0 is as where only detectors vary."""
    planned = plan("sigmoid.yaml", seeds=(0, 1), vary="all")
    assert kinds(planned) == ["pretrain", "rpn", "detector"] * 2
    assert [value_of(job, "SEED") for job in planned.jobs.values()] == ["0"] * 3 + ["1"] * 3
    assert [job.folder.name for job in planned.jobs.values()][3:5] == ["R-50-seed1", "r50-seed1"]
    assert list(planned.jobs)[:3] == list(plan("sigmoid.yaml").jobs)


def test_what_seeds_vary_is_checked():
    """Another word is an error that names both."""
    with pytest.raises(ValueError, match="--vary rpn: choose from detector, all"):
        plan("sigmoid.yaml", vary="rpn")


def test_keys_that_one_provider_lacks_do_not_change_identities(monkeypatch):
    """detectron2's keys of deformable convolutions, which the embedded core has not, are no part of a backbone here."""
    before = list(plan("sigmoid.yaml").jobs)
    resnets = fake_configs.DEFAULTS["MODEL"]["RESNETS"]
    monkeypatch.setitem(resnets, "DEFORM_MODULATED", False)
    assert list(plan("sigmoid.yaml").jobs)[0] == before[0]


def test_pretraining_is_shared_across_heads_but_not_across_depths():
    """Where features are tapped does not make another backbone; depth, recipe and scale do."""
    assert kinds(plan("sigmoid.yaml", "fpn.yaml")).count("pretrain") == 1
    assert kinds(plan("sigmoid.yaml", "deep.yaml")).count("pretrain") == 2
    first = [next(iter(p.jobs)) for p in (
        plan("sigmoid.yaml"),
        plan("softmax.yaml", opts=("SOLVER.MAX_ITER", "7")),
        plan("sigmoid.yaml", opts=("PRETRAIN.MAX_ITER", "7")),
        plan("sigmoid.yaml", scale="smoke"),
    )]  # fmt: skip
    assert first[0] == first[1]
    assert len(set(first)) == 3


def test_a_key_of_the_second_stage_makes_no_other_rpn():
    """A mask loss is the detector's alone; what selects images is the RPN's too."""
    before = list(plan("sigmoid.yaml").jobs)
    after = list(plan("sigmoid.yaml", opts=("MODEL.ROI_MASK_HEAD.LOSS", "dice")).jobs)
    assert after[:2] == before[:2]
    assert after[2] != before[2]
    assert list(plan("sigmoid.yaml", opts=("SOLVER.BASE_LR", "0.1")).jobs)[1] != before[1]


def test_a_planned_row_has_its_job_and_its_inputs():
    """Asked for by table, row and seed; what is not planned has none."""
    planned = plan("sigmoid.yaml", seeds=(3,))
    job = planned.job("t", "sigmoid.yaml", 3)
    assert job.identity == planned.rows["t", "sigmoid.yaml", 3]
    assert planned.job("t", "sigmoid.yaml", 0) is None
    assert planned.input(job, "rpn").kind == "rpn"
    assert planned.input(planned.input(job, "pretrain"), "rpn") is None


def test_a_changed_input_changes_everything_downstream():
    """Other pre-training, other RPN and detector: identities include those of the inputs."""
    before, after = plan("sigmoid.yaml"), plan("sigmoid.yaml", opts=("PRETRAIN.MAX_ITER", "7"))
    assert not set(before.jobs) & set(after.jobs)


def test_commands_say_where_inputs_lie():
    """A detector gets weights and proposals from the folders of its inputs, and the user's overrides."""
    planned = plan("softmax.yaml", seeds=(3,), opts=("SOLVER.MAX_ITER", "7"))
    pretrain, rpn, detector = planned.jobs.values()
    assert (detector.config, detector.scale) == ("softmax.yaml", "mini")
    assert value_of(detector, "OUTPUT_DIR") == str(detector.folder.path)
    assert value_of(detector, "MODEL.WEIGHTS") == f"{pretrain.folder.path}/model_final.pkl"
    for split, name in (("TRAIN", "train_set"), ("TEST", "val_set")):
        files = ast.literal_eval(value_of(detector, f"DATASETS.PROPOSAL_FILES_{split}"))
        assert files == (f"{rpn.folder.path}/inference/{name}/box_proposals.npz",)
    assert all(job.options[-2:] == ("SOLVER.MAX_ITER", "7") for job in planned.jobs.values())


def test_folders_are_readable_and_end_in_the_identity():
    """<output>/<scale>/<kind>/<name>-<hash8>."""
    pretrain, rpn, detector = plan("softmax.yaml", seeds=(3,)).jobs.values()
    assert pretrain.folder.path == OUT / "mini/pretrain" / f"R-50-{pretrain.identity[:8]}"
    assert rpn.folder.path == OUT / "mini/rpn" / f"r50-{rpn.identity[:8]}"
    assert detector.folder.path == OUT / "mini/detector" / f"softmax-seed3-{detector.identity[:8]}"


def test_stages_that_a_row_does_not_need_are_not_planned():
    """End-to-end training needs no RPN stage, and public weights no pre-training."""
    assert kinds(plan("end_to_end.yaml")) == ["pretrain", "detector"]
    planned = plan("imagenet.yaml")
    assert kinds(planned) == ["pretrain", "rpn", "detector"]  # the RPN's own config pre-trains
    detector = list(planned.jobs.values())[-1]
    assert len(detector.inputs) == 1
    assert "MODEL.WEIGHTS" not in detector.options


@pytest.mark.parametrize(
    "config, opts, message",
    [
        ("no_rpn.yaml", (), "no_rpn.yaml: MODEL.LOAD_PROPOSALS is True, but STAGES.RPN is ''"),
        ("other_data.yaml", (), r"no proposals are stored for \['far_set'\]: DATASETS.TEST of rpn/r50"),
        ("sigmoid.yaml", ("SEED", "1"), "SEED cannot be given as KEY VALUE: use --seeds"),
        ("sigmoid.yaml", ("OUTPUT_DIR", "x"), "OUTPUT_DIR cannot be given as KEY VALUE: use --output"),
        ("sigmoid.yaml", ("MODEL.WEIGHTS", "x"), "MODEL.WEIGHTS cannot be .* add STAGES.PRETRAIN False"),
        ("sigmoid.yaml", ("SOLVER.MAX_ITER",), "come in pairs, but there are 1"),
    ],
)
def test_what_does_not_fit_is_refused(config, opts, message):
    """Bad overrides and stages that do not fit together are one line each."""
    with pytest.raises(ValueError, match=message):
        plan(config, opts=opts)


def real_plan(*tables):
    """Rows of real tables by run, and their plan at mini scale."""
    rows = {key: row for key, row in select_rows(select_tables(load_tables(), tables), []).items() if row.config}
    planned = make_plan(rows, [0], "mini", OUT)
    by_run = {}
    for (table_id, row_id), row in rows.items():
        by_run.setdefault(row.run, set()).add(planned.rows[table_id, row_id, 0])
    return planned, by_run


def test_tables_2b_and_2c_are_six_detectors_on_one_rpn():
    """With the real configs: rows that share a `run` share a job, others do not."""
    planned, by_run = real_plan("2b", "2c")
    assert kinds(planned) == ["pretrain", "rpn"] + 6 * ["detector"]
    assert all(len(identities) == 1 for identities in by_run.values())
    assert len(by_run) == 6


def test_all_tables_that_can_be_run_share_what_they_can():
    """Tables 1 to 6 and the text: 3 backbones, 7 RPNs, 26 detectors for 49 rows; every job once, inputs first."""
    planned, by_run = real_plan("1", "2a", "2b", "2c", "2d", "2e", "3", "4", "5", "6", "text")
    found = kinds(planned)
    assert [found.count(kind) for kind in ("pretrain", "rpn", "detector")] == [3, 7, 26]
    assert len(planned.rows) == 49
    assert len({job.folder.path for job in planned.jobs.values()}) == 36
    assert all(len(identities) == 1 for identities in by_run.values())
    assert len(by_run) == 26
    places = {identity: place for place, identity in enumerate(planned.jobs)}
    assert all(places[i] < places[job.identity] for job in planned.jobs.values() for i in job.inputs)
