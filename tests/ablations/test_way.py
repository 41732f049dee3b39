"""How far a reader has to follow a command from file to file."""

import sys
from pathlib import Path

import pytest

import ablations
from ablations import commands, run  # noqa: F401  imported here, so that their imports are no part of the way

ROOT = Path(ablations.__file__).parent
MOST_FILES = 12


def files_of(frame):
    """Our files on the way to a call, from the command on."""
    found = []
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if ROOT in path.parents and path.name not in found:
            found.append(path.name)
        frame = frame.f_back
    return found[::-1]


@pytest.mark.parametrize("words", ["run 2b --scale mini", "table 2b --scale mini", "status 2b --scale mini"])
def test_the_longest_way_of_a_command_visits_few_files(words, request):
    """From the command to its deepest call, over the queue, the process and the folder of a job."""
    call = request.getfixturevalue("ablations")
    ways = []

    def follow(frame, event, argument):
        if event == "call" and frame.f_code.co_filename.startswith(str(ROOT)):
            ways.append(files_of(frame))

    sys.setprofile(follow)
    try:
        assert call(words)[0] == 0
    finally:
        sys.setprofile(None)
    longest = max(ways, key=len)
    assert {"__main__.py", "folder.py"} <= {name for way in ways for name in way}
    assert len(longest) <= MOST_FILES, longest
