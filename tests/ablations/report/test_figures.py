"""Figures are the same bytes each time, and their letters stay text."""

import base64
import io
import xml.etree.ElementTree as ElementTree

import numpy as np
from PIL import Image

from ablations.report import figures as canvas


def figure():
    """A line with a title."""
    made, axes = canvas.new_figure(2.0)
    axes.plot([0, 1], [0, 1])
    axes.set_title("the title")
    return made


def test_an_svg_is_the_same_each_time():
    """No date, no random ids."""
    assert canvas.svg(figure()) == canvas.svg(figure())
    assert b"date" not in canvas.svg(figure()).lower()


def test_letters_of_an_svg_are_text():
    """They can be searched, and need no outlines."""
    root = ElementTree.fromstring(canvas.svg(figure()))
    assert "the title" in [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]


def test_a_png_is_the_same_each_time_and_of_its_size():
    """Inches times dots per inch; 256 colours."""
    content = canvas.png(figure(), 50)
    assert content == canvas.png(figure(), 50)
    image = Image.open(io.BytesIO(content))
    assert image.size == (round(canvas.WIDTH * 50), 100) and image.mode == "P"


def test_colours_of_a_png_stay_true():
    """A palette that had none near the marks' colours would change what they mean."""
    made, axes = canvas.new_figure(2.0)
    axes.imshow(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8))
    axes.plot([10, 50], [30, 30], linewidth=8, color=canvas.PAPER_COLOUR)
    pixels = np.asarray(Image.open(io.BytesIO(canvas.png(made, 60))).convert("RGB")).reshape(-1, 3).astype(int)
    wanted = np.array([int(canvas.PAPER_COLOUR[n : n + 2], 16) for n in (1, 3, 5)])
    assert (np.abs(pixels - wanted).max(axis=1) < 12).sum() > 50


def test_a_grid_has_axes_by_row_and_column():
    """With the widths asked for."""
    _, grid = canvas.grid_figure(6.0, 3.0, rows=2, columns=(2.0, 1.0, 1.0))
    assert [len(row) for row in grid] == [3, 3]
    assert grid[0][0].get_subplotspec().get_gridspec().get_width_ratios() == (2.0, 1.0, 1.0)


def test_a_data_uri_holds_the_content():
    """As base64 behind its type."""
    head, _, body = canvas.data_uri(b"\x00\xff", "image/png").partition(",")
    assert head == "data:image/png;base64" and base64.b64decode(body) == b"\x00\xff"


def test_lines_differ_in_colour_and_dash():
    """As many dashes as colours, so that no two of the first rows share one."""
    assert len(set(canvas.COLOURS)) == len(set(map(str, canvas.DASHES))) == 7
