"""Run a function in a process that may die of it."""

import errno
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path


def die(*_: object) -> None:
    """End this process as a power cut would."""
    os.kill(os.getpid(), signal.SIGKILL)


def killed(function: Callable, *arguments: object) -> None:
    """Run a function in a process of its own, which must be killed in it.

    The process is forked from one that has done nothing but import: forked from the tests, it would wait for ever for
    the threads that torch has started there.

    Args:
        function: Of a module; it brings its own faults, since those of `monkeypatch` do not reach the process.
        arguments: Can be pickled.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torchvision"])
    process = context.Process(target=function, args=arguments)
    process.start()
    process.join(60)
    try:
        assert process.exitcode == -signal.SIGKILL
    finally:
        process.kill()
        process.join()


def full_disk(patch: Callable[[object, str, Callable], None], fragment: str) -> None:
    """Let the system find no space for what has been written to a file whose path holds `fragment`.

    Args:
        patch: `monkeypatch.setattr`, or `setattr` in a process that ends soon.
        fragment: Of the path, which is a temporary one while the file is written.
    """
    fsync = os.fsync

    def failing(descriptor: int) -> None:
        if fragment in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(descriptor)

    patch(os, "fsync", failing)


def names(folder: Path) -> list[str]:
    """What lies in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())
