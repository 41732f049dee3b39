"""`claims`, on statuses that only pretend to be of runs."""

import json
import math

import pytest

import ablations.__main__ as cli
from ablations.evidence import sources
from ablations.jobs.folder import WAITING, Status
from tests.ablations import fakes
from tests.own_files import NAME, own_words, write_own

pytestmark = pytest.mark.usefixtures("one_version")
# Mask AP, AP50 and AP75 by run; seed 1 adds a tenth to the first alone.
APS = {"r50_c4": (36.0, 71.0, 28.0), "r50_c4_softmax": (24.0, 52.0, 16.0), "r50_c4_roipool": (37.0, 70.0, 20.0)}


def status_of(job):
    """Runs of `APS` are finished, others are not."""
    run, _, seed = job.folder.name.rpartition("-seed")
    if run not in APS:
        return Status(WAITING, "not run")
    ap, ap50, ap75 = APS[run]
    return fakes.finished((ap + 0.1 * int(seed) * (run == "r50_c4"), ap50, ap75))


@pytest.fixture
def claims(tmp_path, monkeypatch, capsys):
    """Run the command; returns its exit code, stdout and stderr."""
    monkeypatch.setattr(sources, "read_statuses", lambda jobs: {i: status_of(job) for i, job in jobs.items()})
    monkeypatch.setattr(sources, "PUBLISHED", tmp_path / "nothing")
    for scale in ("mini", "paper"):
        (tmp_path / "out" / scale).mkdir(parents=True)

    def call(words, *opts):
        try:
            code = cli.main(["claims", *words.split(), "--output", str(tmp_path / "out"), *opts])
        except SystemExit as error:
            code = error.code
        return code, *capsys.readouterr()

    return call


def test_every_claim_has_a_line_below_its_sentence(claims):
    """Sections, words, comparisons, the paper's difference, ours with its interval, verdicts, counts."""
    code, out, _ = claims("2b 2c-roialign 2c-roiwarp-max 8-test-augm-mask --scale mini --seeds 0 1")
    assert code == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[1].startswith("scale mini; data mini_train -> mini_val; seeds 0, 1; provider embedded 0.6+embedded;")
    assert lines[2] == "mini runs claim signs and orders of differences only, never absolute APs"
    assert lines[4].startswith("± of 95% intervals; seeds: retrained, same images, with noise pooled over all rows;")
    assert lines[6:] == [
        "",
        "Section 4.2",
        '"results in a severe loss in mask AP (5.5 points)"',
        "2b-sigmoid 2b/sigmoid > 2b/softmax segm/AP +5.5 +12.1 [+11.9, +12.2] (2 seeds; seeds ± 0.2) reproduced",
        '"improves AP by ~3 points and AP75 by ~5 points"',
        "2c-roialign 2c/roialign_ave > 2c/roipool_max segm/AP +3.4 -0.9 [-1.1, -0.8] (2 seeds; seeds ± 0.2) "
        "not reproduced",
        '"RoIWarp performs on par with RoIPool"',
        "2c-roiwarp-max 2c/roiwarp_max ≈ 2c/roipool_max (± 1) segm/AP +0.3 - not run (2c/roiwarp_max: not run)",
        "",
        "Appendix B",
        '"Each model improvement increases both mask AP and box AP consistently"',
        "8-test-augm-mask 8/test_time_augm > 8/non_local segm/AP +1.5 - not run "
        "(8/test_time_augm, 8/non_local: not run)",
        "",
        "of 2 judged one by one up to 0.1 are wrong on average; of 2 verdicts 2 stand by Holm's method for all "
        "together, 2 by Benjamini and Hochberg's",
        "mask_rcnn_paper|v:1.2.3|scale:mini|seeds:0,1|eval:pycocotools-2.0.11|provider:embedded-0.6+embedded|"
        "precision:float32|ci:95%",
        "",
        "4 claims: 1 reproduced, 1 not reproduced, 0 inconclusive, 0 cited, 2 not run",
    ]


def test_one_seed_is_said_to_decide_nothing(claims):
    """The default of one seed shows differences and signs."""
    _, out, _ = claims("2b --scale mini")
    note = "no row has two seeds, so there is no interval; the difference agrees with the claim"
    assert f"+12.0 (1 seed)  inconclusive  ({note})" in out


def test_json_has_every_claim_with_unrounded_numbers(claims):
    """What a program needs to draw or to check the verdicts."""
    code, out, _ = claims("--scale mini --seeds 0 1 --format json")
    found = json.loads(out)
    assert code == 0
    assert (found["scale"], found["seeds"], found["confidence"]) == ("mini", [0, 1], 0.95)
    assert sum(found["counts"].values()) == len(found["claims"]) == 90
    by_id = {claim["id"]: claim for claim in found["claims"]}
    sigmoid = by_id["2b-sigmoid"]
    assert sigmoid["differences"] == pytest.approx({"0": 12.0, "1": 12.1})
    assert (sigmoid["row"], sigmoid["over"], sigmoid["verdict"]) == ("2b/sigmoid", "2b/softmax", "reproduced")
    # The tenth of one of three rows: residuals of 1/30, 1/60, 1/60, with two degrees of freedom in all; t is 4.3027.
    noise = 2 * (1 / 30**2 + 2 / 60**2) / 2
    half = 4.302653 * math.sqrt(2 * noise / 2)
    expected = (12.05 - half, 12.05, 12.05 + half)
    assert (sigmoid["low"], sigmoid["mean"], sigmoid["high"]) == pytest.approx(expected, abs=1e-5)
    assert (sigmoid["seeds_low"], sigmoid["images_low"]) == (sigmoid["low"], None)
    assert sigmoid["freedom"] == pytest.approx(2.0)
    assert 0 < sigmoid["p"] <= sigmoid["p_benjamini_hochberg"] <= sigmoid["p_holm"] < 0.05
    assert found["false_verdicts_expected"] == pytest.approx(0.025 * found["judged"])
    assert found["signature"].startswith("mask_rcnn_paper|v:1.2.3|scale:mini|")
    time = by_id["3.1-mask-branch-time"]
    assert (time["paper"], time["unit"], time["verdict"], time["mean"]) == (20, "%", "not run", None)
    assert time["note"] == "text-4.4-inference/r101_fpn, text-4.4-inference/faster_r101_fpn: not run"


def test_claims_are_judged_on_own_data(claims, tmp_path):
    """The paper is said to be a reference; rows that the data does not allow are not run, with the reason."""
    words = f"2b 6 --scale mini --data {own_words(write_own(tmp_path / 'data'))}"
    _, out, _ = claims(words)
    assert f"\nown data {NAME}: the paper's numbers are of other data, and for reference only\n" in out
    assert "2b/sigmoid > 2b/softmax" in out
    assert f"data {NAME}_train -> {NAME}_val" in out
    assert "(6/roialign, 6/roipool: not for this data: needs keypoints, and train.json has none)" in out
    assert json.loads(claims(f"{words} --format json")[1])["own_data"] == NAME
    assert json.loads(claims("2b --scale mini --format json")[1])["own_data"] == ""


def test_published_results_are_judged_instead(claims):
    """Those kept in the repository, whatever --output has."""
    assert "2b/sigmoid, 2b/softmax: no published result of this recipe" in claims("2b --scale mini --published")[1]


@pytest.mark.parametrize(
    "words, opts, message",
    [
        ("2z", (), "no claim '2z', and none about a table '2z': tables with claims are 2c, 2d, "),
        ("2b --scale tiny", (), "scale 'tiny': choose from paper, short, mini, smoke"),
        ("2b --seeds -1", (), "--seeds -1: must be at least 0"),
        ("2b", ("SEED", "3"), "SEED cannot be given as KEY VALUE: use --seeds"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(claims, words, opts, message):
    """What was wrong, and what would have been right."""
    code, out, err = claims(words, *opts)
    assert (code, out) == (2, "")
    assert err.startswith("ablations: error: ")
    assert message in err
    assert err.count("\n") == 1
