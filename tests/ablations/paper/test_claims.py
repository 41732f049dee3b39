"""The claims as data."""

import itertools

import pytest
import yaml

from ablations.paper.claims import CLAIMS_FILE, Claim, claims_about, load_claims, select_claims
from ablations.paper.tables import load_tables
from ablations.paper.terms import Side, to_unit
from ablations.statistics.judge import ABOUT_EQUAL, GREATER, holds

# The paper's own differences, typed from its text and tables a second time; "-": it prints none.
PAPER = """
2c-strict 5.1-2.4 | 2d-strict-mask 10.5-5.3 | 2d-strict-box 9.5-2.6
text-3-parameters-mlp2 - | text-3-parameters-mlp3 - | text-3-sampling-1 - | text-3-sampling-4 -
3.1-top-boxes - | 3.1-mask-branch-time 20
1-c4-over-mnc 33.1-24.6 | 1-fpn-over-mnc 35.7-24.6 | 1-resnext-over-mnc 37.1-24.6
1-c4-over-fcis 33.1-29.2 | 1-fpn-over-fcis 35.7-29.2 | 1-resnext-over-fcis 37.1-29.2 | 1-fpn-over-fcis-plus 35.7-33.6
2a-deeper-c4 32.7-30.3 | 2a-deeper-fpn 35.4-33.6 | 2a-fpn-50 33.6-30.3 | 2a-fpn-101 35.4-32.7 | 2a-resnext 36.7-35.4
2b-sigmoid 5.5 | 4.2-class-agnostic 29.7-30.3 | 2c-roialign 30.3-26.9 | 2c-roialign-75 31.5-26.4
2c-aggregation 30.2-30.3 | 2c-roiwarp-max 27.2-26.9 | 2c-roiwarp-ave 27.1-26.9
2c-align-over-warp-max 30.2-27.2 | 2c-align-over-warp-ave 30.3-27.1
2d-more-severe 7.3-3.4 | 2d-roialign-mask 7.3 | 2d-roialign-box 5.8 | 2d-c5-over-c4 30.9-30.3
4.2-fpn-roialign-mask 1.5 | 4.2-fpn-roialign-box 0.5
2e-fcn-over-mlp2 2.1 | 2e-fcn-over-mlp3 2.1
3-over-faster-rcnn-ppp 38.2-34.9 | 3-over-fpn 38.2-36.2 | 3-over-grmi 38.2-34.7 | 3-over-tdm 38.2-36.8
3-resnext-over-tdm 3.0
3-roialign 1.1 | 3-multitask 0.9 | 3-resnext 1.6 | 4.3-mask-near-box 2.7 | 4.4-sharing -
4.4-c4-slower 400/195
4.4-deeper-slower 37.5 | 5-resolution-56 - | 5-resolution-28 - | 4-over-cmu-pose 0.9
5-mask-helps-box 53.6-52.5 | 5-mask-helps-keypoints 64.7-64.2 | 5-mask-helps-keypoint-box 52.0-50.7
5-keypoints-cost-box 53.6-52.0 | 5-keypoints-cost-mask 45.8-45.1 | 5-keypoints-cost-box-alone 52.5-50.7
6-roialign 4.4 | 6-more-sensitive 4.4-1.5
7-coco 36.4-31.5 | 7-coco-rare 7.13-4.9
8-total-mask 5.1 | 8-total-box 7.7
8-updated-mask 37.0-36.7 | 8-updated-box 40.5-39.6 | 8-imagenet-5k-mask 38.6-37.6 | 8-imagenet-5k-box 42.7-41.7
8-train-augm-mask 0.6 | 8-train-augm-box 0.8 | 8-deeper-mask 0.5 | 8-deeper-box 0.6
8-non-local-mask 40.3-39.7 | 8-non-local-box 45.0-44.1 | 8-test-augm-mask 41.8-40.3 | 8-test-augm-box 47.3-45.0
8-e2e-mask 0.6 | 8-e2e-box 1.2
9-updated 65.1-64.2 | 9-deeper 66.1-65.1 | 9-resnext 67.3-66.1 | 9-data-distillation 1.8 | 9-test-augm 70.4-69.1
9-total 70.4-64.2
TM-4-mask-rcnn 41.6-41.7 | TM-4-retinanet 41.6-39.3
TM-5-nms-mask 35.2-34.9 | TM-5-nms-box 41.6-39.7 | TM-5-no-box 34.8-34.9
"""


@pytest.fixture(scope="module")
def tables():
    return load_tables()


@pytest.fixture(scope="module")
def claims(tables):
    return load_claims(tables)


def typed():
    """Claim id -> the paper's difference of `PAPER`."""
    pairs = (cell.split() for line in PAPER.strip().split("\n") for cell in line.split("|"))
    return {name: None if text == "-" else _difference(text) for name, text in pairs}


def _difference(text):
    if "/" in text:
        over, under = map(float, text.split("/"))
        return over / under
    upper, _, lower = text.partition("-")
    return round(float(upper) - float(lower or 0), 2)


def test_the_papers_differences_match_a_second_transcription(claims):
    """Every claim, in the paper's order, with what the paper's own numbers say."""
    assert list(claims) == list(typed())
    for name, claim in claims.items():
        found = None if claim.paper is None else pytest.approx(to_unit(claim.paper, claim.unit))
        assert typed()[name] == found, name


def test_the_papers_own_numbers_fulfil_every_claim(claims):
    """A claim that they contradict would be a typing error; few have none, and of these one is not measured either."""
    silent = {
        claim.id.partition("-")[0] + "-" * bool(claim.pending) for claim in claims.values() if claim.paper is None
    }
    assert silent == {"text", "3.1-", "4.4", "5"}
    for claim in claims.values():
        assert claim.paper is None or holds(claim.relation, claim.paper, claim.paper, claim.margin), claim.id


def test_every_claim_is_about_rows_and_metrics_that_are_there(tables, claims):
    """Rows exist, and their tables have the metrics, unless nothing measures them yet."""
    for claim in claims.values():
        assert set(claim.rows) == {key for key, _ in claim.terms}
        for (table_id, row_id), metric in claim.terms:
            assert row_id in {row.id for row in tables[table_id].rows}
            results = " - ".join(column.result for column in tables[table_id].metrics).split(" - ")
            assert claim.pending or metric in results


def test_no_two_claims_are_one_comparison(tables, claims):
    """Each weighted sum of runs is judged once by each relation, so that the counts count nothing twice."""
    seen = set()
    for claim in claims.values():
        names = {key: tables[key[0]].row(key[1]).run or "/".join(key) for key in claim.rows}
        key = claim.relation, frozenset(((names[row], metric), weight) for (row, metric), weight in claim.terms.items())
        assert key not in seen, claim.id
        seen.add(key)


def test_every_sentence_has_words_and_stands_in_its_section(claims):
    """Sections follow the paper, each in one piece; what is claimed is a fragment, not an essay."""
    of_tensormask = [f"Appendix A.{part} of TensorMask" for part in (3, 4)]
    sections = [section for section, _ in itertools.groupby(claims.values(), lambda claim: claim.section)]
    assert sections == ["1", "3", "3.1", "4.1", "4.2", "4.3", "4.4", "5", "Appendix A", "Appendix B", *of_tensormask]
    assert all(10 < len(claim.words) <= 115 for claim in claims.values())


def test_every_table_with_an_experiment_has_claims(claims):
    """1 to 9, of both relations."""
    tables = {table for claim in claims.values() for table, _ in claim.rows}
    assert {"TM-4", "TM-5"} <= tables
    assert {"1", "2a", "2b", "2c", "2d", "2e", "3", "4", "5", "6", "7", "8", "9"} <= tables
    assert {claim.relation for claim in claims.values()} == {GREATER, ABOUT_EQUAL}


def claim_of(left, right=None, unit="AP"):
    """A claim with these sides, each of rows and metrics with their weights."""
    return Claim("c", "4.2", "words", GREATER, Side(*left), right and Side(*right), None, unit=unit)


A, B, C, D = (("t", name) for name in "abcd")


def test_a_claim_is_a_weighted_sum():
    """(a - b) > (c - d) by x, where b is also on the right: a.x - 2 b.x + d.x."""
    claim = claim_of(({A: 1, B: -1}, {"x": 1}), ({B: 1, D: -1}, {"x": 1}))
    assert claim.terms == {(A, "x"): 1, (B, "x"): -2, (D, "x"): 1}
    assert claim.rows == (A, B, D)
    assert claim.difference({(A, "x"): 9.0, (B, "x"): 3.0, (D, "x"): 1.0}) == 9 - 2 * 3 + 1


def test_each_side_has_a_metric_of_its_own():
    """a.x > c.y."""
    claim = claim_of(({A: 1}, {"x": 1}), ({C: 1}, {"y": 1}))
    assert claim.difference({(A, "x"): 4.0, (C, "y"): 3.0}) == 1.0


@pytest.mark.parametrize("unit, expected", [("times", 44.0), ("%", 4300.0), ("AP", 86.0)])
def test_a_ratio_is_a_difference_of_logarithms(unit, expected):
    """88 is 44 times 2, or 4300 % more."""
    claim = claim_of(({A: 1}, {"x": 1}), ({B: 1}, {"x": 1}), unit)
    assert to_unit(claim.difference({(A, "x"): 88.0, (B, "x"): 2.0}), unit) == pytest.approx(expected)
    assert claim.is_ratio == (unit != "AP")


def own_claim(tmp_path, tables, entry, **sentence):
    """The claim of a user's own file with one sentence."""
    content = {"section": "mine", "words": "my own words", "relation": GREATER, **sentence, "claims": [entry]}
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump({"sentences": [content]}))
    return load_claims(tables, path)[entry["id"]]


def test_a_difference_of_differences_has_the_papers_number(tables, tmp_path):
    """From printed rows: (30.9 - 23.6) - (30.3 - 26.9); and where the paper prints the difference alone: 4.4 - 1.5."""
    rows = {"row": "2d/roialign - 2d/roipool", "over": "2c/roialign_ave - 2c/roipool_max"}
    assert own_claim(tmp_path, tables, {"id": "c", **rows, "metric": "segm/AP"}).paper == pytest.approx(7.3 - 3.4)
    fpn = "text-4.2-fpn-roialign/roialign - text-4.2-fpn-roialign/roipool"
    entry = {
        "id": "c",
        "row": "6/roialign - 6/roipool",
        "metric": "keypoints/AP",
        "over": fpn,
        "over_metric": "segm/AP",
    }
    claim = own_claim(tmp_path, tables, entry)
    assert claim.paper == pytest.approx(4.4 - 1.5)
    assert claim.terms[("text-4.2-fpn-roialign", "roipool"), "segm/AP"] == 1


def test_a_ratio_of_the_papers_numbers(tables, tmp_path):
    """Section 4.2: RoIAlign improves AP75 with stride 32 by "50% relative improvement", 32.1 over 21.6."""
    entry = {"id": "c", "row": "2d/roialign", "over": "2d/roipool", "metric": "segm/AP75"}
    claim = own_claim(tmp_path, tables, entry, unit="%")
    assert to_unit(claim.paper, "%") == pytest.approx(100 * (32.1 / 21.6 - 1), abs=0.1)
    margin = own_claim(tmp_path, tables, entry, unit="%", relation=ABOUT_EQUAL, margin=60).margin
    assert to_unit(margin, "%") == pytest.approx(60)


def test_claims_are_chosen_by_id_or_table(claims):
    """In the order of the file, each once; a table names the claims about any of its rows."""
    assert select_claims(claims, []) == list(claims.values())
    chosen = [claim.id for claim in select_claims(claims, ["6", "2b-sigmoid", "2b"])]
    assert chosen == ["2b-sigmoid", "6-roialign", "6-more-sensitive"]
    assert "2d-c5-over-c4" in {claim.id for claim in select_claims(claims, ["2c"])}
    with pytest.raises(ValueError, match=r"no claim 'TM-fig10', and none about a table 'TM-fig10': tables with claims"):
        select_claims(claims, ["TM-fig10"])


def broken(tmp_path, change):
    """A claims file in which the sentence of Table 2b has been changed."""
    content = yaml.safe_load(CLAIMS_FILE.read_text(encoding="utf-8"))
    change(next(s for s in content["sentences"] if s["claims"][0]["id"] == "2b-sigmoid"))
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda s: s.pop("words"), r"sentence \d+: words missing"),
        (lambda s: s.update(colour="red"), r"sentence \d+: unknown key colour: choose from claims, margin, "),
        (
            lambda s: s.update(relation="less"),
            r"claim 2b-sigmoid: unknown relation 'less': choose from greater",
        ),
        (lambda s: s.update(margin=1.0), r"margin is 1.0: about_equal alone needs one, greater than 0"),
        (lambda s: s.update(relation="about_equal"), r"margin is 0.0: about_equal alone needs one"),
        (lambda s: s.update(relation="about_equal", margin=1, unit="times"), r"margin is 1 times: it must be more"),
        (lambda s: s.update(relation="about_equal", margin=1.0), r"the paper's own difference, 5.5, contradicts it"),
        (lambda s: s["claims"][0].update(id="2a-resnext"), r"claim 2a-resnext: the id is used twice"),
        (lambda s: s["claims"][0].update(id="a b"), r"claim a b: id is 'a b': use letters, digits"),
        (lambda s: s["claims"][0].update(id="2b"), r"claim 2b: the id is used twice, or is a table's"),
        (lambda s: s["claims"][0].update(row="2b/relu"), r"unknown row '2b/relu': choose from softmax, sigmoid"),
        (lambda s: s["claims"][0].update(row="sigmoid"), r"unknown row 'sigmoid': choose from table/row of tables"),
        (lambda s: s["claims"][0].update(row="2b/softmax", over="2b/sigmoid"), r"difference, -5.5, contradicts it"),
        (lambda s: s["claims"][0].update(metric="AP"), r"claim 2b-sigmoid: metric 'AP' is not task/metric"),
        (lambda s: s["claims"][0].update(metric="a/b - c/d - e/f"), r"'a/b - c/d - e/f' has more than one ' - '"),
        (lambda s: s["claims"][0].update(over_metric="bbox"), r"claim 2b-sigmoid: metric 'bbox' is not task/metric"),
        (
            lambda s: s["claims"][0].update(over_metric=s["claims"][0].pop("over") and "segm/AP"),
            r"over_metric is of over",
        ),
        (lambda s: s["claims"][0].update(metric="bbox/AP"), r"table 2b has no bbox/AP: choose from \['segm/AP',"),
        (
            lambda s: s["claims"][0].pop("over"),
            r"compares 'segm/AP' with nothing: give over, or a difference as metric",
        ),
        (lambda s: s["claims"][0].update(paper=5.5), r"paper, .* is given, but the tables give 5.5"),
        (
            lambda s: s.update(unit="times", pending="x", claims=[s["claims"][0] | {"paper": -1}]),
            r"-1, not a number of times",
        ),
        (lambda s: s.update(pending="x"), r"paper, the paper's own difference, is missing, and no table gives it"),
        (lambda s: s["claims"].append(None), r"claim None: is None, not a mapping with id, metric, row"),
        (lambda s: s.update(claims="x"), r"sentence \d+: claims is 'x', not a list"),
        (lambda s: s.update(margin="1"), r"sentence \d+: margin is '1', not a number"),
        (lambda s: s.update(margin=float("nan")), r"sentence \d+: margin is nan, not a finite number"),
        (lambda s: s["claims"][0].update(row=["2b/softmax"]), r"claim 2b-sigmoid: row is \['2b/softmax'\], not text"),
        (lambda s: s["claims"][0].update(paper="5"), r"claim 2b-sigmoid: paper is '5', not a number"),
    ],
)
def test_a_broken_claims_file_says_what_and_where(tables, tmp_path, change, message):
    """Each rule has a message that names file, sentence and claim."""
    path = broken(tmp_path, change)
    with pytest.raises(ValueError, match=message) as raised:
        load_claims(tables, path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("text, message", [("sentences: [", "is not YAML"), ("[]", "no list 'sentences'")])
def test_a_file_that_is_no_claims_file_is_refused(tables, tmp_path, text, message):
    """Neither broken YAML nor other YAML passes."""
    path = tmp_path / "claims.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        load_claims(tables, path)


def test_claims_about_tables_are_in_the_order_of_the_file(tables):
    """All of them for all tables."""
    claims = load_claims(tables)
    assert claims_about(claims, tables) == list(claims.values())
    assert [claim.id for claim in claims_about(claims, ["2b", "6"])] == ["2b-sigmoid", "6-roialign", "6-more-sensitive"]
