"""The graph of jobs: what is shared, what is one job, and what each is told."""

import ast
from pathlib import Path

import pytest

from ablations.jobs import plan as planning
from ablations.jobs import planner
from ablations.jobs.plan import make_plan
from ablations.paper.tables import Row, load_tables, runs_of, select_rows, select_tables
from tests.ablations import fake_configs

OUT = Path("/out")


def plan(*configs, seeds=(0,), opts=(), scale="mini", **options):
    """A plan of fake rows."""
    rows = {("t", c): Row(id=c, label=c, paper=(), config=c, run=c.removesuffix(".yaml")) for c in configs}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "read_recipe", fake_configs.read_recipe)
        patch.setattr(planner, "lasting_name", str)
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


def test_a_row_of_inference_evaluates_the_weights_of_another():
    """It trains nothing: one detector is trained, with its stages, for both."""
    planned = plan("views.yaml", "sigmoid.yaml")
    assert kinds(planned) == ["pretrain", "rpn", "detector", "detector"]
    pretrain, rpn, trained, evaluated = planned.jobs.values()
    assert planned.rows["t", "sigmoid.yaml", 0] == trained.identity
    assert planned.rows["t", "views.yaml", 0] == evaluated.identity
    assert evaluated.inputs == (trained.identity, rpn.identity)
    assert value_of(evaluated, "MODEL.WEIGHTS") == str(trained.folder.path / "model_final.pth")
    assert value_of(evaluated, "DATASETS.PROPOSAL_FILES_TEST") == value_of(trained, "DATASETS.PROPOSAL_FILES_TEST")
    assert evaluated.train_seconds == 0
    assert planned.input(evaluated, "detector") is trained
    assert planned.input(trained, "detector") is None


def test_weights_that_are_evaluated_are_those_of_the_seed_and_the_options():
    """Each seed has a training of its own, and KEY VALUE pairs are for the training too."""
    planned = plan("views.yaml", seeds=(0, 1), opts=("SOLVER.BASE_LR", "0.5"))
    assert kinds(planned) == ["pretrain", "rpn"] + ["detector"] * 4
    trained = [job for job in planned.jobs.values() if job.train_seconds and job.kind == "detector"]
    assert [value_of(job, "SEED") for job in trained] == ["0", "1"]
    assert all(value_of(job, "SOLVER.BASE_LR") == "0.5" for job in trained)


def test_a_training_has_one_folder_whoever_asks_for_it():
    """The name of its run, also where only the row that evaluates it is planned."""
    folder = plan("sigmoid.yaml").job("t", "sigmoid.yaml", 0).folder.path
    for runs in ({"sigmoid.yaml": "sigmoid"}, {}):
        planned = plan("views.yaml", runs=runs)
        assert planned.input(planned.job("t", "views.yaml", 0), "detector").folder.path == folder
    named = plan("views.yaml", runs={"sigmoid.yaml": "r50"})
    assert named.input(named.job("t", "views.yaml", 0), "detector").folder.name == "r50-seed0"


def test_weights_that_a_stage_provides_cannot_be_given():
    """The message says whose they are."""
    with pytest.raises(ValueError, match="MODEL.WEIGHTS cannot .*: views.yaml starts from the weights of sigmoid.yaml"):
        plan("views.yaml", opts=("MODEL.WEIGHTS", "mine.pth"))


def test_finer_classes_make_another_pretraining():
    """Under another name; without them a backbone is what it was before there was the key."""
    planned = plan("fine.yaml", "sigmoid.yaml")
    assert [job.folder.name for job in planned.jobs.values() if job.kind == "pretrain"] == ["R-50-fine", "R-50"]
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(fake_configs.DEFAULTS["PRETRAIN"], "CLASSES")
        patch.setattr("mask_rcnn_paper.stages.is_fine", lambda cfg: False)
        before = plan("sigmoid.yaml")
    assert list(before.jobs)[0] == [i for i, job in planned.jobs.items() if job.folder.name == "R-50"][0]


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


def test_a_student_has_a_teacher_and_a_distillation_before_it():
    """Pre-training, RPN, teacher, distillation by teacher and RPN, student; inputs first."""
    planned = plan("student.yaml")
    assert kinds(planned) == ["pretrain", "rpn", "detector", "distill", "detector"]
    pretrain, rpn, teacher, distill, student = planned.jobs.values()
    assert (teacher.config, distill.config) == ("softmax.yaml", "distill/d.yaml")
    assert distill.inputs == (teacher.identity, rpn.identity)
    assert student.inputs == (pretrain.identity, rpn.identity, distill.identity)
    assert value_of(distill, "MODEL.WEIGHTS") == f"{teacher.folder.path}/model_final.pth"
    assert value_of(distill, "STAGES.RPN_WEIGHTS") == f"{rpn.folder.path}/model_final.pth"
    assert value_of(student, "MODEL.WEIGHTS") == f"{pretrain.folder.path}/model_final.pkl"
    assert value_of(student, "DATASETS.DISTILLED") == f"{distill.folder.path}/annotations.json"
    assert ast.literal_eval(value_of(student, "DATASETS.PROPOSAL_FILES_TRAIN")) == (
        f"{rpn.folder.path}/inference/train_set/box_proposals.npz",
        f"{distill.folder.path}/box_proposals.npz",
    )
    assert distill.command()[1:3] == ["-m", "mask_rcnn_paper.distill"]


def test_a_teacher_is_the_job_of_its_row():
    """Planned alone it has the same identity and folder, so it is trained once."""
    rows = ("softmax.yaml", "student.yaml")
    together, alone = plan(*rows), plan("softmax.yaml")
    assert kinds(together).count("detector") == 2
    assert together.rows["t", "softmax.yaml", 0] == alone.rows["t", "softmax.yaml", 0]
    planned, _ = real_plan("9")
    teacher = planned.job("9", "resnext", 0)
    assert planned.input(planned.input(planned.job("9", "data_distillation", 0), "distill"), "detector") == teacher
    only = {("9", "data_distillation"): load_tables()["9"].rows[4]}
    assert teacher.folder.path in [
        job.folder.path for job in make_plan(only, [0], "mini", OUT, runs=runs_of(load_tables().values())).jobs.values()
    ]


def test_seeds_share_a_teacher():
    """As they share an RPN: only the student varies, unless every stage does."""
    assert kinds(plan("student.yaml", seeds=(0, 1))).count("detector") == 3
    assert kinds(plan("student.yaml", seeds=(0, 1), vary="all")).count("distill") == 2


def test_stages_that_a_row_does_not_need_are_not_planned():
    """End-to-end training needs no RPN stage, and public weights no pre-training."""
    assert kinds(plan("end_to_end.yaml")) == ["pretrain", "detector"]
    planned = plan("imagenet.yaml")
    assert kinds(planned) == ["pretrain", "rpn", "detector"]  # the RPN's own config pre-trains
    detector = list(planned.jobs.values())[-1]
    assert len(detector.inputs) == 1
    assert "MODEL.WEIGHTS" not in detector.options


def test_shared_features_are_four_steps():
    """RPN, detector, RPN on the detector's body, detector on that body and on those proposals (Section 4.4)."""
    planned = plan("shared.yaml", "sigmoid.yaml")
    assert kinds(planned) == ["pretrain", "rpn", "detector", "rpn", "detector"]
    pretrain, first, second, third, fourth = planned.jobs.values()
    assert (first.inputs, second.inputs) == ((pretrain.identity,), (pretrain.identity, first.identity))
    assert third.inputs == (second.identity,)
    assert fourth.inputs == (second.identity, third.identity)
    assert planned.rows["t", "sigmoid.yaml", 0] == second.identity
    for job in (third, fourth):
        assert value_of(job, "MODEL.WEIGHTS") == f"{second.folder.path}/model_final.pth"
    files = ast.literal_eval(value_of(fourth, "DATASETS.PROPOSAL_FILES_TRAIN"))
    assert files == (f"{third.folder.path}/inference/train_set/box_proposals.npz",)
    assert planned.input(fourth, "rpn") == third


def test_seeds_of_a_shared_row_share_its_first_three_steps():
    """Unless every stage varies."""
    assert kinds(plan("shared.yaml", seeds=(0, 1))) == ["pretrain", "rpn", "detector", "rpn", "detector", "detector"]
    everything = plan("shared.yaml", seeds=(0, 1), vary="all")
    assert kinds(everything) == ["pretrain", "rpn", "detector", "rpn", "detector"] * 2
    second = list(everything.jobs.values())[7]
    assert second.folder.name == "sigmoid-seed1"


def test_a_detector_that_others_start_from_changes_all_of_them():
    """Another mask loss makes another body, and so another RPN on it, though an RPN does not read the key."""
    before, after = plan("shared.yaml"), plan("shared.yaml", opts=("MODEL.ROI_MASK_HEAD.LOSS", "dice"))
    assert list(after.jobs)[:2] == list(before.jobs)[:2]
    assert not set(list(after.jobs)[2:]) & set(before.jobs)


def test_a_row_may_start_from_another_detector():
    """Trained with seed 0 whatever the row's, then its classes are made the row's, which needs no pre-training."""
    planned = plan("begun.yaml", seeds=(3,))
    assert kinds(planned) == ["pretrain", "rpn", "detector", "transfer", "detector"]
    _, rpn, source, transfer, detector = planned.jobs.values()
    assert source.folder.name == "sigmoid-seed0"
    assert (transfer.inputs, detector.inputs) == ((source.identity,), (transfer.identity, rpn.identity))
    weights = f"{transfer.folder.path}/model_final.pth"
    assert value_of(detector, "MODEL.WEIGHTS") == weights
    assert transfer.folder.path == OUT / "mini/transfer" / f"sigmoid-to-begun-{transfer.identity[:8]}"
    assert transfer.command(resume=True, gpus=8)[1:] == [
        *("-m", "mask_rcnn_paper.transfer", f"{source.folder.path}/model_final.pth", weights),
        *("--from", "train_set", "--to", "train_set", "--map", "rider=random", "--seed", "0"),
        *("--report", f"{transfer.folder.path}/result.json"),
    ]


def test_the_detector_that_a_row_starts_from_is_that_of_its_own_row():
    """In either order, with one folder; seeds share it, unless all stages vary."""
    both = plan("sigmoid.yaml", "begun.yaml")
    assert kinds(both).count("detector") == 2
    assert both.jobs == plan("begun.yaml", "sigmoid.yaml").jobs
    assert kinds(plan("begun.yaml", seeds=(0, 1))).count("transfer") == 1
    assert kinds(plan("begun.yaml", seeds=(0, 1), vary="all")).count("transfer") == 2


def test_another_class_map_is_another_transfer():
    """And another row."""
    before = list(plan("begun.yaml").jobs.values())
    after = list(plan("begun.yaml", opts=("STAGES.CLASS_MAP", "('a=b',)")).jobs.values())
    assert before[3].identity != after[3].identity
    assert before[4].identity != after[4].identity


@pytest.mark.parametrize(
    "config, opts, message",
    [
        ("no_rpn.yaml", (), "no_rpn.yaml: MODEL.LOAD_PROPOSALS is True, but STAGES.RPN is ''"),
        ("other_data.yaml", (), r"no proposals are stored for \['far_set'\]: DATASETS.TEST of rpn/r50"),
        ("untaught.yaml", (), "distill/none.yaml: STAGES.DETECTOR is '': name the config of the teacher"),
        (
            "astray.yaml",
            (),
            r"no annotations are made for \['other_set_distilled'\]: DATASETS.TEST of distill/d.yaml is",
        ),
        (
            "sigmoid.yaml",
            ("DATASETS.DISTILLED", "x"),
            "DATASETS.DISTILLED cannot be given as KEY VALUE: the distillation",
        ),
        ("sigmoid.yaml", ("SEED", "1"), "SEED cannot be given as KEY VALUE: use --seeds"),
        ("sigmoid.yaml", ("OUTPUT_DIR", "x"), "OUTPUT_DIR cannot be given as KEY VALUE: use --output"),
        ("sigmoid.yaml", ("MODEL.WEIGHTS", "x"), "MODEL.WEIGHTS cannot be .* add STAGES.PRETRAIN False"),
        ("shared.yaml", ("MODEL.WEIGHTS", "x"), "MODEL.WEIGHTS cannot be .* starts from the weights of sigmoid.yaml"),
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
    """Tables 1 to 7 and the text: 4 backbones, 9 RPNs, 30 detectors for 63 rows; every job once, inputs first."""
    planned, by_run = real_plan("1", "2a", "2b", "2c", "2d", "2e", "3", "4", "5", "6", "7", "text")
    found = kinds(planned)
    assert [found.count(kind) for kind in ("pretrain", "rpn", "transfer", "detector")] == [4, 9, 1, 30]
    assert len(planned.rows) == 63
    assert len({job.folder.path for job in planned.jobs.values()}) == 44
    assert all(len(identities) == 1 for identities in by_run.values())
    assert len(by_run) == 30
    places = {identity: place for place, identity in enumerate(planned.jobs)}
    assert all(places[i] < places[job.identity] for job in planned.jobs.values() for i in job.inputs)


def test_a_training_on_coco_costs_what_the_paper_says():
    """32 hours on 8 GPUs (Section 4.4), where no result of the same run tells more."""
    rows = {key: row for key, row in select_rows(select_tables(load_tables(), ["2a", "7"]), []).items() if row.config}
    planned = make_plan(rows, [0], "paper", OUT)
    assert planned.job("2a", "r50_fpn", 0).train_seconds == pytest.approx(32 * 3600)
    assert [job.train_seconds for job in planned.jobs.values() if job.kind == "transfer"] == [0.0]
