"""How the checks look at the machine: distributions, folders of packages, the text of sources."""

import ast
import importlib.util
import re
from importlib import metadata
from pathlib import Path

SETUP = Path(__file__).resolve().parents[2] / "setup.py"


def find_upstream() -> Path | None:
    """Folder of upstream's detectron2 package, or None with the embedded core.

    Raises:
        ValueError, ImportError: As `mask_rcnn_paper.provider`, which this imports.
    """
    from mask_rcnn_paper.provider import PROVIDER

    return folder("detectron2") if PROVIDER == "upstream" else None


def requirements() -> list[str]:
    """`install_requires` of setup.py: from the installed metadata, or in a bare checkout from setup.py.

    Raises:
        OSError, KeyError, ValueError, SyntaxError: Neither can be read.
    """
    try:
        return [text for text in metadata.requires("mask_rcnn_paper") or [] if ";" not in text]
    except metadata.PackageNotFoundError:
        tree = ast.parse(SETUP.read_text())
        keywords = {node.arg: node.value for node in ast.walk(tree) if isinstance(node, ast.keyword)}
        return ast.literal_eval(keywords["install_requires"])


def split(requirement: str) -> tuple[str, str]:
    """("torch", ">=2.6") of "torch>=2.6"."""
    name, specifier = re.match(r"([\w.-]+)\s*(.*)", requirement).groups()
    return name, specifier


def version(distribution: str) -> str | None:
    """Installed version, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def accepts(specifier: str, installed: str) -> bool:
    """Whether a version is within a specifier such as ">=2.6,<3"; pre-releases count."""
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(specifier).contains(installed, prereleases=True)


def has_module(name: str) -> bool:
    """Whether a top-level module could be imported; does not import it."""
    return importlib.util.find_spec(name) is not None


def folder(package: str) -> Path:
    """Folder of an installed package, which is not imported.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"No module named {package!r}")
    return Path(spec.origin).parent


def text(path: Path) -> str:
    """Text of a file, empty where there is no such file."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def used_attributes(package: Path, module: str, names: tuple[str, ...]) -> dict[str, str]:
    """Which of `module`'s attributes a package uses in code (comments and strings do not count), and where.

    Args:
        package: Folder with the sources.
        module: Name by which the sources call the module, such as "np".
        names: Attributes to look for.

    Returns:
        Attribute -> first file that uses it, relative to `package`.
    """
    found: dict[str, str] = {}
    pattern = re.compile(rf"\b{module}\.({'|'.join(names)})\b")
    for path in sorted(package.rglob("*.py")):
        source = text(path)
        if not pattern.search(source):
            continue  # parsing every file of detectron2 takes seconds
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) == module:
                found.setdefault(node.attr, str(path.relative_to(package)))
    return found


def first_match(package: Path, pattern: str) -> str | None:
    """First file of a package whose text matches a regular expression, relative to `package`."""
    paths = (path for path in sorted(package.rglob("*.py")) if re.search(pattern, text(path)))
    return next((str(path.relative_to(package)) for path in paths), None)
