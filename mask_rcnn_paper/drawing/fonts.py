"""Fonts for texts of any script: each word is written in the first font that has all its characters.

The first is the one that Pillow brings, then DejaVu Sans, which matplotlib brings, then those of the system.
"""

import io
import logging
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

_logger = logging.getLogger("detectron2.mask_rcnn_paper")
# They choose between looks of the character before them: U+FE0F that of an emoji.
_VARIATIONS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# Such fonts have pictures instead of outlines, or outlines that are empty below layers of colour.
_COLOURED = {"CBDT", "COLR", "SVG ", "sbix"}
_OUTLINES = {"glyf", "CFF ", "CFF2"}
_STYLES = re.compile("black|bold|condensed|extra|heavy|italic|light|medium|mono|narrow|oblique|serif|thin")


@dataclass(frozen=True)
class Face:
    """A font: the path of its file, or the content."""

    source: str | bytes

    @cached_property
    def characters(self) -> frozenset[int]:
        """Code points that it can write in one colour; none where the file is damaged or of another kind."""
        from fontTools.ttLib import TTFont  # slow to import, and most names need Pillow's own font alone

        try:
            with TTFont(self.file(), fontNumber=0, lazy=True) as font:
                tables = set(font.keys())
                plain_outlines = tables & _OUTLINES and not tables & _COLOURED
                found = frozenset(font.getBestCmap() or ()) if plain_outlines else frozenset()
            self.of_size(10)  # what Pillow cannot load writes nothing
            return found
        except Exception:  # of a damaged file of the system: almost anything
            return frozenset()

    def of_size(self, size: int) -> FreeTypeFont:
        """Letters of this height in pixels."""
        return _load(self, size)

    def file(self) -> str | io.BytesIO:
        """What Pillow and fontTools open."""
        return io.BytesIO(self.source) if isinstance(self.source, bytes) else self.source


@cache
def _load(face: Face, size: int) -> FreeTypeFont:
    return ImageFont.truetype(face.file(), size)


@cache
def pillow_face() -> Face:
    """The font that Pillow brings: Latin letters only."""
    return Face(ImageFont.load_default(10).font_bytes)


@cache
def matplotlib_face() -> Face:
    """DejaVu Sans: Latin, Greek, Cyrillic, Arabic, Hebrew and more."""
    import matplotlib

    return Face(str(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"))


@cache
def system_faces() -> tuple[Face, ...]:
    """Fonts that are installed, plain ones first, then by name; without those that draw boxes for all characters."""
    from matplotlib.font_manager import findSystemFonts

    paths = [path for path in findSystemFonts() if not re.search("last.?resort|blank", Path(path).stem.lower())]
    return tuple(map(Face, sorted(paths, key=lambda path: (_styles(path), Path(path).stem, path))))


def _styles(path: str) -> int:
    """How many words of a font's name say that it is not the plain one of its family."""
    return len(_STYLES.findall(Path(path).stem.lower()))


def _faces() -> Iterator[Face]:
    """In the order in which they are tried; those that are not needed are not looked for."""
    yield pillow_face()
    yield matplotlib_face()
    yield from system_faces()


@cache
def find_face(word: str) -> Face | None:
    """The first font that has all characters of a word, or None."""
    if word.isascii():
        return pillow_face()
    wanted = frozenset(map(ord, word))
    return next((face for face in _faces() if wanted <= face.characters), None)


def runs(text: str, size: int) -> list[tuple[str, FreeTypeFont]] | None:
    """Parts of a text, one after the other, each with the font that writes it; None where a word has no font.

    `text` is as `plain` leaves it, `size` in pixels.
    """
    found: list[tuple[str, Face]] = []
    for space, word in re.findall(r"(\s*)(\S+)", text):
        face = find_face(word)
        if face is None:
            return None
        if found and found[-1][1] == face:
            word = found.pop()[0] + space + word
        elif space:  # a part of its own, since in one that is written from right to left it would change its end
            found.append((space, pillow_face()))
        found.append((word, face))
    return [(part, face.of_size(size)) for part, face in found]


def plain(text: str) -> str:
    """A text as it is written on one line: composed (NFC), without control characters and choices of looks."""
    text = _VARIATIONS.sub("", unicodedata.normalize("NFC", text))
    kept = (c for c in re.sub(r"\s+", " ", text) if unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    return "".join(kept).strip()


def writable(name: str, category_id: int) -> str:
    """The name of a class as pictures show it: `plain`, or the id where no font has its characters, which is said."""
    text = plain(name)
    if text and runs(text, 10) is not None:
        return text
    _say_unwritable(name, category_id)
    return str(category_id)


@cache
def _say_unwritable(name: str, category_id: int) -> None:
    """Once for each class."""
    if not plain(name):
        _logger.warning(f"pictures show the class {name!r} as {category_id}: its name has no visible character")
        return
    _logger.warning(
        f"pictures show the class {name!r} as {category_id}: no font of this machine can write it; install one that "
        "can, such as Noto Sans CJK (Chinese, Japanese, Korean) or another one of Noto, and draw again"
    )
