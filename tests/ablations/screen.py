"""A pseudo-terminal that can be looked at: what would be on the screen."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import tty

_TOKEN = re.compile(r"\x1b\[(\d*)([A-Z])|(.)", re.DOTALL)


class Screen:
    """A terminal of some size; `stream` is its end for a program.

    It knows what tqdm uses: carriage return, line feed, cursor up, and the wrap at the right edge.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.lines, self.row, self.column = [[] for _ in range(rows)], 0, 0
        self.master, slave = pty.openpty()
        tty.setraw(slave)  # line feeds arrive as they are written
        self.stream = os.fdopen(slave, "w")
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        """Tell programs another size; what is drawn stays where it is."""
        fcntl.ioctl(self.stream.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def text(self) -> list[str]:
        """Lines on the screen, but for empty ones at the end."""
        self.stream.flush()
        while select.select([self.master], [], [], 0.05)[0]:
            self._draw(os.read(self.master, 65536).decode())
        lines = ["".join(line).rstrip() for line in self.lines]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def close(self) -> None:
        """Free the terminal."""
        self.stream.close()
        os.close(self.master)

    def _draw(self, text: str) -> None:
        for count, code, character in _TOKEN.findall(text):
            if code == "A":
                self.row = max(0, self.row - int(count or 1))
            elif character == "\r":
                self.column = 0
            elif character == "\n":
                self._down()
                self.column = 0
            elif character:
                if self.column == self.columns:
                    self._down()
                    self.column = 0
                line = self.lines[self.row]
                line.extend(" " * (self.column + 1 - len(line)))
                line[self.column] = character
                self.column += 1

    def _down(self) -> None:
        self.row += 1
        if self.row == self.rows:
            self.lines = [*self.lines[1:], []]
            self.row -= 1
