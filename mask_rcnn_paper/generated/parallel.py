"""Drawing many images on all cores."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import cv2
from tqdm import tqdm

from mask_rcnn_paper.cores import core_count

_SMALL = 48  # below this many items, starting processes costs more than it saves


def map_indices(function: Callable[[int], Any], count: int, description: str) -> Iterator[Any]:
    """Yield ``function(i)`` for i in [0, count), in order, computed by one process per core.

    The function can be pickled and depends on its argument only. On a terminal a progress bar is shown.
    """
    bar = partial(tqdm, total=count, desc=description, unit="img", disable=None, leave=False)
    cores = core_count()
    daemon = multiprocessing.current_process().daemon  # may not have children, e.g. a data loader's worker
    if count < _SMALL or cores == 1 or daemon:
        yield from bar(map(function, range(count)))
        return
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # before the fork: a child that inherits OpenCV's threads may wait for them for ever
    try:
        with ProcessPoolExecutor(min(cores, 16), multiprocessing.get_context(method)) as pool:
            yield from bar(pool.map(function, range(count), chunksize=8))
    finally:
        cv2.setNumThreads(threads)
