"""Where stored proposals are found."""

from mask_rcnn_paper.proposal_files import PICKLE, PROPOSALS, find_proposals


def test_the_file_itself_wins(tmp_path):
    """Of two, the one that is named."""
    for name in (PROPOSALS, PICKLE):
        (tmp_path / name).touch()
    assert [find_proposals(tmp_path / name).name for name in (PROPOSALS, PICKLE)] == [PROPOSALS, PICKLE]


def test_the_other_format_beside_it_counts(tmp_path):
    """So what was stored before the format changed is still found, and the other way round."""
    for name, other in ((PROPOSALS, PICKLE), (PICKLE, PROPOSALS)):
        (tmp_path / name).touch()
        assert find_proposals(str(tmp_path / other)) == tmp_path / name
        (tmp_path / name).unlink()
    assert find_proposals(tmp_path / PROPOSALS) is None
