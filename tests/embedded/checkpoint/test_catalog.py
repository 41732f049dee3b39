import pytest
from detectron2.checkpoint.catalog import resolve_url


@pytest.mark.parametrize(
    ("path", "url"),
    [
        (
            "detectron2://ImageNetPretrained/MSRA/R-50.pkl",
            "https://dl.fbaipublicfiles.com/detectron2/ImageNetPretrained/MSRA/R-50.pkl",
        ),
        (
            "catalog://ImageNetPretrained/FAIR/X-101-64x4d",
            "https://dl.fbaipublicfiles.com/detectron/ImageNetPretrained/FBResNeXt/X-101-64x4d.pkl",
        ),
        ("https://host/model.pkl", "https://host/model.pkl"),
        ("folder/model.pth", "folder/model.pth"),
    ],
)
def test_urls(path, url):
    """Public names have their public address; other paths stay."""
    assert resolve_url(path) == url


def test_unknown_name():
    """A name that the catalogue lacks is refused with those it has."""
    with pytest.raises(ValueError, match=r"catalog://Nothing.*catalog://ImageNetPretrained/MSRA/R-50"):
        resolve_url("catalog://Nothing")
