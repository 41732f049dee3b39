"""The style fits into a page that is XML."""

from ablations.render.html import STYLE as TABLE_STYLE
from ablations.report.style import STYLE


def test_it_adds_to_the_style_of_tables():
    """Which the fragments of tables rely on."""
    assert STYLE.startswith(TABLE_STYLE) and len(STYLE) > len(TABLE_STYLE)


def test_it_loads_nothing_and_needs_no_escapes():
    """No fonts from elsewhere; no marks of XML; braces in pairs."""
    assert not {"<", "&"} & set(STYLE) and "url(" not in STYLE and "@import" not in STYLE
    assert STYLE.count("{") == STYLE.count("}")
