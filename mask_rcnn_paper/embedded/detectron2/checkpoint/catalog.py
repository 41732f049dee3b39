"""Where the public weights lie that configs name as `detectron2://...` and `catalog://...`."""

from typing import Any

from iopath.common.file_io import HTTPURLHandler, PathHandler, PathManager

DETECTRON2_URL = "https://dl.fbaipublicfiles.com/detectron2/"
DETECTRON_URL = "https://dl.fbaipublicfiles.com/detectron/"
_IMAGENET = "ImageNetPretrained/"
_CATALOG = {
    "MSRA/R-50": "MSRA/R-50.pkl",
    "MSRA/R-101": "MSRA/R-101.pkl",
    "FAIR/X-101-32x8d": "20171220/X-101-32x8d.pkl",
    "FAIR/X-101-64x4d": "FBResNeXt/X-101-64x4d.pkl",
    "FAIR/X-152-32x8d-IN5k": "25093814/X-152-32x8d-IN5k.pkl",
}


def resolve_url(path: str) -> str:
    """URL of the weights that a path names.

    Args:
        path: `detectron2://<file>`, or `catalog://ImageNetPretrained/<name>`.

    Returns:
        An https URL; other paths unchanged.

    Raises:
        ValueError: a name that the catalogue does not hold.
    """
    if path.startswith("detectron2://"):
        return DETECTRON2_URL + path.removeprefix("detectron2://")
    if path.startswith("catalog://"):
        name = path.removeprefix("catalog://").removeprefix(_IMAGENET)
        if name not in _CATALOG:
            legal = ", ".join(f"catalog://{_IMAGENET}{key}" for key in _CATALOG)
            raise ValueError(f"MODEL.WEIGHTS={path!r}: choose from {legal}, or install detectron2")
        return DETECTRON_URL + _IMAGENET + _CATALOG[name]
    return path


class _PublicWeightsHandler(PathHandler):
    """Download what `resolve_url` knows, once, into iopath's cache."""

    def __init__(self, manager: PathManager) -> None:
        super().__init__()
        self._manager = manager

    def _get_supported_prefixes(self) -> list[str]:
        return ["detectron2://", "catalog://"]

    def _get_local_path(self, path: str, force: bool = False, **kwargs: Any) -> str:
        return self._manager.get_local_path(resolve_url(path), force=force, **kwargs)

    def _open(self, path: str, mode: str = "r", **kwargs: Any) -> Any:
        return self._manager.open(self._get_local_path(path), mode, **kwargs)


def build_path_manager() -> PathManager:
    """A path manager that knows local files, http(s) URLs, `detectron2://` and `catalog://`."""
    manager = PathManager()
    manager.register_handler(HTTPURLHandler())
    manager.register_handler(_PublicWeightsHandler(manager))
    return manager
