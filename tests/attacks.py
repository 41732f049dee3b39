"""What a stranger's file may hold, to be opened without harm: code that leaves a mark, and hostile text."""

from pathlib import Path

# Markup, a colour, a cleared screen, a C1 control sequence, right-to-left override, a formula, a link, two cells.
HOSTILE = '"><script>alert(1)</script>\x1b[31m\x1b[2J\x9b31m\u202e|`x`\n[a](javascript:1)&lt;'


class Payload:
    """Creates an empty file when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return Path.touch, (self.mark,)


def yaml_payload(mark: Path) -> str:
    """A YAML value that creates an empty file when it is constructed."""
    return f"!!python/object/apply:os.system ['touch {mark}']"
