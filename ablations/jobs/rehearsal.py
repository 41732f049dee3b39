"""Try what the user changed on every job of a plan before any of them runs.

A wrong value would else be found when its stage comes, which may be hours later.
"""

from collections.abc import Iterable, Sequence

from ablations.jobs.job import ALONE, Job
from mask_rcnn_paper.imports import Import, import_components


def rehearse(jobs: Iterable[Job], imports: Sequence[Import]) -> None:
    """Build the model of each training of a plan, with the user's own components, without memory for its weights.

    Raises:
        ImportError: one of the modules with components fails.
        ValueError: a config that no model can be built from; the message has the job and what the builder said.
    """
    import torch
    from detectron2.modeling import build_model

    from mask_rcnn_paper.scales import load_cfg

    import_components(imports)
    built = set()
    for job in jobs:
        # The seed, and where inputs lie, build no other model.
        if job.kind in ALONE or (job.kind, job.config) in built:
            continue
        built.add((job.kind, job.config))
        cfg = load_cfg(job.config, job.scale, job.options)
        cfg.MODEL.DEVICE = "meta"
        try:
            with torch.device("meta"):
                build_model(cfg)
        except Exception as error:  # whatever the libraries and a user's component raise
            words = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
            raise ValueError(f"{job.label}: no model can be built from {job.config}: {words}") from error
