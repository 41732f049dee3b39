"""The commit of the code that runs."""

import subprocess
from pathlib import Path

# Ends the commit of a checkout whose files differ from it.
CHANGES = "+changes"


def git_commit() -> str | None:
    """Commit of the checkout this package runs from, with `CHANGES` where files differ from it; None outside git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--abbrev=40", f"--dirty={CHANGES}"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
