"""Training sets and test sets have no image in common."""

import pytest

from mask_rcnn_paper.data.apart import SharedImagesError
from mask_rcnn_paper.data.validated import require_usable, training_sets
from mask_rcnn_paper.generated.cache import CACHE_VARIABLE
from mask_rcnn_paper.scales import load_cfg
from tests.own_files import NAME, change_file, own_opts, write_own


@pytest.fixture
def cfg(tmp_path, monkeypatch):
    """A function that gives the config of a row on own files, after a change of the validation file."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    folder = write_own(tmp_path / "own")

    def load(change=lambda data: None, *opts):
        change_file(folder / "val.json", change)
        end_to_end = ("MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN")
        return load_cfg("table2b/sigmoid.yaml", "smoke", own_opts(folder, *end_to_end, *opts))

    return load


def share_an_image(data):
    """Validate on the first training image too."""
    data["images"][0]["file_name"] = "a.png"


def test_other_images(cfg):
    """Files without a common image are used."""
    require_usable(cfg())


@pytest.mark.parametrize("use", [require_usable, training_sets])
def test_a_shared_image(cfg, use):
    """It is refused in one line before anything runs, with the names, the rule and the cure."""
    with pytest.raises(SharedImagesError) as info:
        use(cfg(share_an_image))
    message = str(info.value)
    for part in ("1 images of the test set", f"'{NAME}_val'", f"'{NAME}_train'", "'a.png'", "split-shared-images"):
        assert part in message
    assert "\n" not in message


def test_on_purpose(cfg):
    """Whoever names one dataset for both means it."""
    require_usable(cfg(share_an_image, "DATASETS.TEST", f"('{NAME}_train',)"))
