"""A line that says what numbers are of, to be pasted beside them into a paper, in the manner of sacrebleu's."""

import mask_rcnn_paper
from ablations.evidence.collect import TableResults
from ablations.statistics.estimate import CONFIDENCE


def signature(results: TableResults) -> str:
    """As "mask_rcnn_paper|v:0.1.0|scale:mini|data:v2|seeds:0,1|eval:...|ci:95%"; "" where nothing was measured.

    Data are the version of all datasets or, where theirs differ, the version of each.
    """
    if not results.provider:
        return ""
    versions = results.data_versions
    same = len(set(versions.values())) == 1
    data = next(iter(versions.values())) if same else ",".join(f"{name}-{v}" for name, v in versions.items())
    facts = {
        "v": mask_rcnn_paper.__version__,
        "scale": results.scale,
        "data": data,
        "seeds": ",".join(map(str, results.seeds)),
        "eval": results.coco_backend,
        "provider": results.provider,
        "precision": results.precision,
        "ci": f"{CONFIDENCE:.0%}",
    }
    words = (f"{key}:{value}".replace(", ", ",").replace(" ", "-") for key, value in facts.items() if value)
    return "|".join(("mask_rcnn_paper", *words))
