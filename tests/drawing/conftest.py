"""Fonts of a machine that has exactly those that a test writes."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from mask_rcnn_paper.drawing import fonts


def write_font(path: Path, characters: str, coloured: bool = False) -> Path:
    """A font that writes each of these characters as the same filled square."""
    names = [".notdef", *(f"glyph{n}" for n in range(len(characters)))]
    pen = TTGlyphPen(None)
    pen.moveTo((100, 0))
    for corner in ((100, 700), (800, 700), (800, 0)):
        pen.lineTo(corner)
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): name for c, name in zip(characters, names[1:], strict=True)})
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (900, 100)))
    builder.setupHorizontalHeader(ascent=900, descent=-200)
    builder.setupNameTable({"familyName": path.stem, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    if coloured:
        builder.setupCOLR({names[1]: [(names[1], 0)]})
        builder.setupCPAL([[(1.0, 0.0, 0.0, 1.0)]])
    builder.save(path)
    return path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Say which font files the system has; none before that. What is known of fonts is forgotten before and after."""

    def forget() -> None:
        for function in (fonts.find_face, fonts._say_unwritable):
            function.cache_clear()

    def call(*paths: Path) -> None:
        forget()
        monkeypatch.setattr(fonts, "system_faces", lambda: tuple(fonts.Face(str(path)) for path in paths))

    call()
    yield call
    forget()
