"""The commit of the code that runs."""

from mask_rcnn_paper.commit import git_commit


def test_git_commit_is_a_hash_or_none():
    """In a checkout it is a commit; in an installed package it is None."""
    commit = git_commit()
    assert commit is None or len(commit.split("+")[0]) == 40
