"""Lists of images without annotations, such as COCO's image_info_unlabeled2017.json, which has no categories either."""

import json
from pathlib import Path
from typing import Any


def load_image_info(json_file: str | Path, image_root: str | Path) -> list[dict[str, Any]]:
    """Samples in detectron2's format, without annotations, in the order of their ids.

    Annotations that the file may have are not looked at.

    Args:
        json_file: A file with COCO's list `images`: id, file_name, height and width of each.
        image_root: Folder that the file names start from.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not JSON, lists no images, or an image lacks one of the four or has the id of another.
    """
    path = Path(json_file)
    if not path.is_file():
        raise FileNotFoundError(f"list of images {str(path)!r} does not exist")
    try:
        images = json.loads(path.read_bytes())["images"]
        found = [
            {
                "file_name": str(Path(image_root, image["file_name"])),
                **{key: image[key] for key in ("height", "width")},
                "image_id": image["id"],
            }
            for image in sorted(images, key=lambda image: image["id"])
        ]
    except (KeyError, TypeError, ValueError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else str(error)
        need = "give a COCO file whose list 'images' has id, file_name, height and width of each"
        raise ValueError(f"list of images {str(path)!r}: {what}; {need}") from error
    if len({sample["image_id"] for sample in found}) < len(found) or not found:
        raise ValueError(f"list of images {str(path)!r}: {'ids occur twice' if found else 'it is empty'}")
    return found
