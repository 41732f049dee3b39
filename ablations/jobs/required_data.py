"""Whether the data of what is to be run are there: else every job would fail by itself, one after the other."""

from collections.abc import Iterable, Mapping, Sequence

from ablations.jobs.folder import FINISHED, Status
from ablations.jobs.job import Job
from mask_rcnn_paper.config_files import WHOLE_SCALES
from mask_rcnn_paper.imports import Import, import_components


def require_data(jobs: Mapping[str, Job], statuses: Mapping[str, Status], imports: Sequence[Import] = ()) -> None:
    """Look for the annotations of every job that is not finished, once, before anything starts.

    Args:
        jobs: By identity; `statuses` likewise.
        imports: Modules of the user's own, which may register datasets.

    Raises:
        FileNotFoundError, ValueError: as `check_annotations`; on COCO the message names a scale that needs none.
    """
    left = [job for identity, job in jobs.items() if statuses[identity].state != FINISHED]
    names = dict.fromkeys(name for job in left for name in job.datasets)
    if names:
        _check(names, imports, any(job.scale in WHOLE_SCALES for job in left))


def _check(names: Iterable[str], imports: Sequence[Import], on_coco: bool) -> None:
    # Not above: a plan of finished jobs need not wait for torch.
    from mask_rcnn_paper.data.registered import check_annotations
    from mask_rcnn_paper.registration import register_components

    register_components()
    import_components(imports)
    try:
        check_annotations(names)
    except FileNotFoundError as error:
        if not on_coco:
            raise
        raise FileNotFoundError(f"{error}; --scale mini needs no data: its images are drawn") from error
