"""Which font writes which word, and what becomes of names that none can write. No font of this machine is used."""

import logging
import string

import matplotlib.font_manager
import pytest
from fontTools.ttLib import TTCollection, TTFont

from mask_rcnn_paper.drawing import fonts
from mask_rcnn_paper.drawing.fonts import Face, find_face, matplotlib_face, pillow_face, plain, runs, writable
from tests.drawing.conftest import write_font

CAT = "\u732b"  # of Chinese and Japanese
CAT_IN_THAI = "\u0e41\u0e21\u0e27"


def test_the_fonts_that_libraries_bring_have_what_is_said_of_them():
    """Pillow's has all of ASCII that is printed; DejaVu Sans has Greek, Cyrillic, Hebrew and Arabic, and no Chinese."""
    assert set(map(ord, string.ascii_letters + string.digits + string.punctuation)) <= pillow_face().characters
    words = ("\u03b3\u03ac\u03c4\u03b1", "\u043a\u043e\u0442", "\u05d7\u05ea\u05d5\u05dc", "\u0642\u0637\u0629")
    assert {find_face(word) for word in words} == {matplotlib_face()}
    assert ord(CAT) not in matplotlib_face().characters


def test_pillows_font_comes_first():
    """Where both have a word."""
    assert find_face("person") == find_face("93%") == pillow_face()
    assert set(map(ord, "person")) <= matplotlib_face().characters


def test_a_word_is_written_in_the_first_font_of_the_system_that_has_all_of_it(installed, tmp_path):
    """Not in one that has a part."""
    part, whole, late = (
        write_font(tmp_path / f"{name}.ttf", characters)
        for name, characters in (("part", CAT_IN_THAI[:2]), ("whole", CAT_IN_THAI), ("late", CAT_IN_THAI))
    )
    installed(part, whole, late)
    assert find_face(CAT_IN_THAI) == Face(str(whole))


def test_a_font_without_digits_is_enough_for_a_name_with_a_score(installed, tmp_path):
    """Each word has its own font; neighbours of one font are one run."""
    installed(write_font(tmp_path / "thai.ttf", CAT_IN_THAI))
    parts = runs(f"big {CAT_IN_THAI} (crowd) 93%", 12)
    assert [part for part, _ in parts] == ["big", " ", CAT_IN_THAI, " ", "(crowd) 93%"]
    assert all(font.size == 12 and font.getlength(part) > 0 for part, font in parts)


def test_the_first_font_of_a_collection_is_used(installed, tmp_path):
    """As of NotoSansCJK-Regular.ttc, each of whose fonts has all characters of all its languages."""
    collection = TTCollection()
    collection.fonts = [TTFont(write_font(tmp_path / f"{name}.ttf", CAT)) for name in ("first", "second")]
    collection.save(tmp_path / "both.ttc")
    installed(tmp_path / "both.ttc")
    ((part, font),) = runs(CAT, 12)
    assert (part, font.getname()) == (CAT, ("first", "Regular"))


@pytest.mark.parametrize("kind", ["damaged", "coloured", "empty", "cut"])
def test_fonts_that_cannot_be_used_are_passed_over(installed, tmp_path, kind):
    """Damaged files, and emoji whose outlines are empty below their colours."""
    bad, good = tmp_path / "bad.ttf", write_font(tmp_path / "good.ttf", CAT)
    write_font(bad, CAT, coloured=kind == "coloured")
    if kind != "coloured":
        bad.write_bytes({"damaged": b"no font", "empty": b"", "cut": bad.read_bytes()[:300]}[kind])
    installed(bad, good)
    assert Face(str(bad)).characters == frozenset()
    assert find_face(CAT) == Face(str(good))


def test_a_name_without_a_font_is_its_id_and_the_cure_is_said_once(installed, caplog, tmp_path):
    """A name is said once for all pictures; with a font it is written."""
    with caplog.at_level(logging.WARNING):
        assert [writable(CAT, 17), writable(CAT, 17), writable("car", 3)] == ["17", "17", "car"]
    (record,) = caplog.records
    assert record.getMessage() == (
        f"pictures show the class '{CAT}' as 17: no font of this machine can write it; install one that can, such as "
        "Noto Sans CJK (Chinese, Japanese, Korean) or another one of Noto, and draw again"
    )
    installed(write_font(tmp_path / "cjk.ttf", CAT))
    assert writable(CAT, 17) == CAT


@pytest.mark.parametrize("name", ["", "  ", "\u200d", "\n", "\ufe0f"])
def test_a_name_that_nobody_sees_is_its_id(installed, name):
    """Empty, or of control characters alone."""
    assert writable(name, 5) == "5"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("cafe\u0301", "caf\u00e9"),  # composed
        ("traffic\n\tlight ", "traffic light"),
        ("a\u202eb\x1b[31m\ud800", "ab[31m"),
        ("\u2600\ufe0f", "\u2600"),
    ],
)
def test_names_become_one_plain_line(name, shown):
    """Accents join their letters; what is no character of a text goes."""
    assert plain(name) == shown


@pytest.mark.parametrize(
    "name",
    ["x\u0302\u0323", "\U0001f600", "\U0001f469\u200d\U0001f680", "\U0001f1e9\U0001f1ea", "\u0928\u092e\u0938\u094d"],
)
def test_combining_characters_and_emoji_are_written_or_replaced(installed, name):
    """A letter with two marks, a face, a joined picture, a flag, Devanagari."""
    shown = writable(name, 8)
    assert shown in (plain(name), "8")
    assert runs(shown, 11)


def test_plain_fonts_of_the_system_come_first(monkeypatch):
    """Then the slanted and bold ones; those that draw a box for every character are left out."""
    names = ["a/NotoSans-BoldItalic.ttf", "b/NotoSans-Regular.ttf", "LastResort.otf", "c/NotoSans-Bold.ttf", "A.ttf"]
    monkeypatch.setattr(matplotlib.font_manager, "findSystemFonts", lambda: names)
    fonts.system_faces.cache_clear()
    found = [face.source for face in fonts.system_faces()]
    fonts.system_faces.cache_clear()
    assert found == ["A.ttf", "b/NotoSans-Regular.ttf", "c/NotoSans-Bold.ttf", "a/NotoSans-BoldItalic.ttf"]
