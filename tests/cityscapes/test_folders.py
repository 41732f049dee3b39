"""Where the files of Cityscapes lie."""

from mask_rcnn_paper.cityscapes.folders import IMAGES, INSTANCE_IDS, by_frame, frame_of, image_folder, label_folder


def test_files_by_frame(tmp_path):
    """In the order of cities and frames, whatever else lies beside them."""
    folder = label_folder(tmp_path, "val")
    for city, name in (("ulm", "ulm_000001_000019"), ("ulm", "ulm_000000_000019"), ("bonn", "bonn_000000_000019")):
        (folder / city).mkdir(parents=True, exist_ok=True)
        for end in (INSTANCE_IDS, "gtFine_color", "gtFine_labelIds"):
            (folder / city / f"{name}_{end}.png").touch()
    found = by_frame(folder, INSTANCE_IDS)
    assert list(found) == ["bonn/bonn_000000_000019", "ulm/ulm_000000_000019", "ulm/ulm_000001_000019"]
    assert found["bonn/bonn_000000_000019"] == folder / "bonn" / "bonn_000000_000019_gtFine_instanceIds.png"
    assert by_frame(tmp_path / "nowhere", INSTANCE_IDS) == {}


def test_a_frame_is_an_images_name(tmp_path):
    """Without folder and end."""
    assert frame_of(str(image_folder(tmp_path, "val") / "ulm" / f"ulm_000000_000019_{IMAGES}.png")) == (
        "ulm_000000_000019"
    )
