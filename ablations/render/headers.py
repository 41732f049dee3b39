"""Headers of metrics, which the tables file has in TeX, in other notations."""

import re
from collections.abc import Callable

_SCRIPTS = re.compile(r"(?:[\^_][A-Za-z0-9]+)+")
_SCRIPT = re.compile(r"([\^_])([A-Za-z0-9]+)")


def plain(header: str) -> str:
    """Without marks: "AP^bb_50" -> "APbb50"."""
    return _SCRIPT.sub(r"\2", header)


def latex_header(header: str, escape: Callable[[str], str]) -> str:
    r"""With math for the scripts alone: "AP^bb_50" -> "AP$^{\mathrm{bb}}_{\mathrm{50}}$"; `escape` for the rest."""
    return _convert(header, escape, lambda scripts: "$" + _SCRIPT.sub(r"\1{\\mathrm{\2}}", scripts) + "$")


def html_header(header: str, escape: Callable[[str], str]) -> str:
    """With elements: "AP^bb_50" -> "AP<sup>bb</sup><sub>50</sub>"; `escape` for the rest."""

    def element(match: re.Match) -> str:
        tag = "sup" if match[1] == "^" else "sub"
        return f"<{tag}>{match[2]}</{tag}>"

    return _convert(header, escape, lambda scripts: _SCRIPT.sub(element, scripts))


def _convert(header: str, escape: Callable[[str], str], scripted: Callable[[str], str]) -> str:
    parts, end = [], 0
    for match in _SCRIPTS.finditer(header):
        parts += [escape(header[end : match.start()]), scripted(match[0])]
        end = match.end()
    return "".join([*parts, escape(header[end:])])
