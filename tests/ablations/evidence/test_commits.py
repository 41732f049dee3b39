"""Whether a result is of the code that is here."""

import pytest

from ablations.evidence import commits
from ablations.evidence.commits import other_commit, short_commit
from ablations.jobs.folder import WAITING, Status
from tests.ablations import fakes

HERE, OTHER = "1" * 40, "2" * 40


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.setattr(commits, "_here", lambda: HERE)


def result(commit):
    return fakes.finished((1.0, 1.0, 1.0), git_commit=commit)


def test_a_result_of_this_commit_needs_no_words():
    """Nor one that nobody knows the commit of, nor a job without a result."""
    assert other_commit(result(HERE)) == ""
    assert other_commit(result(None)) == ""
    assert other_commit(Status(WAITING)) == ""


def test_a_result_of_another_commit_is_said_with_both():
    """In ten digits."""
    assert other_commit(result(OTHER)) == "of commit 2222222222, this is 1111111111"


def test_uncommitted_changes_are_said_whatever_the_commit():
    """Nobody knows what they were."""
    assert other_commit(result(f"{HERE}+changes")) == "of commit 1111111111+changes, this is 1111111111"


def test_outside_a_checkout_nothing_is_said(monkeypatch):
    """As from a wheel."""
    monkeypatch.setattr(commits, "_here", lambda: None)
    assert other_commit(result(OTHER)) == ""


def test_git_is_not_asked_where_there_is_no_commit_to_compare(monkeypatch):
    """It walks the work tree, and commands that only read should be quick."""
    asked = []
    monkeypatch.setattr(commits, "_here", lambda: asked.append("git"))
    other_commit(Status(WAITING))
    other_commit(result(None))
    assert not asked


def test_a_short_commit_keeps_its_mark():
    """And is short already where it has fewer digits."""
    assert short_commit(f"{HERE}+changes") == "1111111111+changes"
    assert short_commit("abc") == "abc"
