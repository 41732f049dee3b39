"""Headers of metrics in every notation."""

import pytest

from ablations.render import html, latex
from ablations.render.headers import html_header, latex_header, plain


@pytest.mark.parametrize(
    "header, text, tex, markup",
    [
        ("AP", "AP", "AP", "AP"),
        ("AP_50", "AP50", r"AP$_{\mathrm{50}}$", "AP<sub>50</sub>"),
        ("AP^bb_50", "APbb50", r"AP$^{\mathrm{bb}}_{\mathrm{50}}$", "AP<sup>bb</sup><sub>50</sub>"),
        ("AP^bb - AP", "APbb - AP", r"AP$^{\mathrm{bb}}$ - AP", "AP<sup>bb</sup> - AP"),
        ("AP [val] & more", "AP [val] & more", r"AP {[}val{]} \& more", "AP [val] &amp; more"),
    ],
)
def test_scripts_become_the_formats_own(header, text, tex, markup):
    """Plain text drops the marks; the rest of a header is escaped."""
    found = plain(header), latex_header(header, latex.escape), html_header(header, html.escape)
    assert found == (text, tex, markup)
