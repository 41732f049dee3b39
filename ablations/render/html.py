"""Tables in HTML that is XML too: no scripts, nothing loaded from elsewhere, classes in place of styles.

The templates are in the folder `templates` of each package that has any.
"""

import base64
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ablations.evidence.collect import TableResults
from ablations.render.cells import SCRIPT, lay_out

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {"^": "sup", "_": "sub"}


def html_text(results: Sequence[TableResults]) -> str:
    """A page of tables."""
    title = "Mask R-CNN: " + ", ".join(f"Table {result.table.id}" for result in results)
    return html_templates().get_template("tables.html").render(title=title, tables=map(lay_out, results))


@cache
def html_templates(package: str = __package__) -> Environment:
    """Templates of a package, and those here, which others build on.

    Whatever they print is escaped, and must be there. Filters: `scripts` for a metric's header, `data_uri` for files.
    """
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(__package__)]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=legal,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"data_uri": data_uri, "scripts": header_markup}
    return environment


def legal(value: Any) -> str:
    """A printed value with U+FFFD for each character that XML forbids; markup stays as it is."""
    return value if isinstance(value, Markup) else _NOT_XML.sub("\ufffd", str(value))


def header_markup(header: str) -> Markup:
    """A metric's header with elements: "AP^bb_50" -> "AP<sup>bb</sup><sub>50</sub>"; the rest is escaped."""
    return Markup(SCRIPT.sub(lambda m: f"<{_TAGS[m[1]]}>{m[2]}</{_TAGS[m[1]]}>", escape(legal(header))))


def data_uri(content: bytes, kind: str) -> str:
    """The content of a file within an address; its `kind` is a MIME type, such as "image/svg+xml"."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
