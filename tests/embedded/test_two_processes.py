"""A row in two processes computes what it computes in one.

Only on the embedded core: detectron2's own wrapper for data parallelism does not take modules on the CPU.
"""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

ROOT = Path(__file__).resolve().parents[2]
SIDE = 160

# A row on a data set that only this program knows.
PROGRAM = """
import sys
import mask_rcnn_paper
import train_net
from detectron2.data.datasets import register_coco_instances
from mask_rcnn_paper.training.launch import launch, torchrun_process

folder = sys.argv.pop(1)
for name in ("pair", "trio"):
    register_coco_instances(name, {}, f"{folder}/{name}.json", folder)
args = train_net.argument_parser().parse_args()
launch(train_net.main, args, torchrun_process(args))
"""

ROW = ["--config-file", "table2b/sigmoid.yaml", "--scale", "smoke"]
OPTS = [
    *("STAGES.PRETRAIN", "False", "STAGES.RPN", "", "MODEL.DEVICE", "cpu", "SEED", "3"),
    *("DATASETS.TRAIN", "('pair',)", "DATASETS.TEST", "('trio',)", "MODEL.ROI_HEADS.SCORE_THRESH_TEST", "-1.0"),
    # Weights that nothing was trained on blow pixels up.
    *("MODEL.PIXEL_STD", "[3000.0, 3000.0, 3000.0]"),
    # Nothing random but the weights, which data parallelism copies from the first process: no flips, no sampling.
    *("INPUT.RANDOM_FLIP", "none", "MODEL.ROI_HEADS.BATCH_SIZE_PER_IMAGE", "100"),
    *("MODEL.ROI_HEADS.POSITIVE_FRACTION", "1.0"),
    *(
        "SOLVER.IMS_PER_BATCH",
        "2",
        "SOLVER.MAX_ITER",
        "3",
        "SOLVER.BASE_LR",
        "0.001",
        "SOLVER.STEPS",
        "()",
        "SOLVER.CHECKPOINT_PERIOD",
        "1",
    ),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A picture with two things, its mirror image, and an upside-down third; with proposals that are turned alike."""
    folder = tmp_path_factory.mktemp("two_processes")
    image = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    things = np.array([[20, 30, 70, 90], [80, 60, 150, 140]])
    moved = [things + shift for shift in ([5, 0, 5, 0], [0, -6, 0, 6], [40, 40, 40, 40])]
    turns = {"a": (lambda b: b, image)}
    turns["b"] = (lambda b: np.stack([SIDE - b[:, 2], b[:, 1], SIDE - b[:, 0], b[:, 3]], 1), image[:, ::-1])
    turns["c"] = (lambda b: np.stack([b[:, 0], SIDE - b[:, 3], b[:, 2], SIDE - b[:, 1]], 1), image[::-1])
    for name, (_, pixels) in turns.items():
        cv2.imwrite(str(folder / f"{name}.png"), np.ascontiguousarray(pixels))
    for name, members in {"pair": "ab", "trio": "abc"}.items():
        write_coco(folder / f"{name}.json", {m: turns[m][0](things) for m in members})
        boxes = [turns[m][0](np.concatenate(moved).clip(0, SIDE)).astype(np.float32) for m in members]
        proposals = {"ids": list(range(1, len(members) + 1)), "boxes": boxes, "bbox_mode": 0}
        proposals["objectness_logits"] = [np.ones(len(b), np.float32) for b in boxes]
        (folder / f"{name}.pkl").write_bytes(pickle.dumps(proposals))
    (folder / "program.py").write_text(PROGRAM)
    return folder


def write_coco(path, things):
    """Annotations of images `<name>.png` with rectangular things, boxes as XYXY."""
    images, annotations = [], []
    for number, (name, boxes) in enumerate(things.items(), 1):
        images.append({"id": number, "file_name": f"{name}.png", "height": SIDE, "width": SIDE})
        for category, (x1, y1, x2, y2) in enumerate(boxes.tolist(), 1):
            entry = {"id": len(annotations) + 1, "image_id": number, "category_id": category, "iscrowd": 0}
            entry |= {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}
            annotations.append(entry | {"segmentation": [[x1, y1, x2, y1, x2, y2, x1, y2]]})
    categories = [{"id": n, "name": f"thing{n}"} for n in range(1, 11)]
    content = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(content))


def run(data, output, processes, *opts, flags=()):
    """Run the row as a user does, in one process or under torchrun; returns what it left behind."""
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [sys.executable, *(torchrun if processes > 1 else []), str(data / "program.py"), str(data), *ROW, *flags]
    files = [f"DATASETS.PROPOSAL_FILES_{s}" for s in ("TRAIN", "TEST")]
    opts = [*OPTS, files[0], f"('{data}/pair.pkl',)", files[1], f"('{data}/trio.pkl',)", *opts]
    done = subprocess.run(
        [*command, "OUTPUT_DIR", str(output), *opts],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return output


@pytest.fixture(scope="module")
def trained(data):
    """Output folders of the row trained in one and in two processes."""
    return [run(data, data / f"train{processes}", processes) for processes in (1, 2)]


def losses(output):
    """The losses that a run has logged."""
    lines = [json.loads(line) for line in (output / "metrics.json").read_text().splitlines()]
    (line,) = (line for line in lines if "total_loss" in line)
    return {key: value for key, value in line.items() if "loss" in key}


@pytest.mark.slow
def test_two_processes_have_the_losses_of_one(trained):
    """Averaged over processes, each loss is that of one process, but for the rounding of float32.

    A loss is a mean over the RoIs of a process (classes, boxes) or over its positive ones (masks). The mean over both
    processes is the mean over all RoIs where both have as many of them: one trains on a picture, the other on its
    mirror image, whose boxes and proposals are mirrored too, and no RoI is sampled away. Sums of some 1e4 numbers in
    another order differ by about sqrt(1e4) * 6e-8 = 6e-6 of their size.
    """
    one, two = map(losses, trained)
    assert {"loss_cls", "loss_box_reg", "loss_mask", "total_loss"} == set(one)
    assert two == pytest.approx(one, rel=1e-5)
    assert min(one.values()) > 0.01


@pytest.mark.slow
def test_two_processes_take_the_steps_of_one(data, trained, tmp_path):
    """From the first step to the third the weights change alike: gradients are averaged, not added or left apart.

    The change of a parameter is far smaller than the parameter, so its rounding shows more; a gradient that is twice
    as large would be off by 1.
    """
    first = run(data, tmp_path / "first", 1, "SOLVER.MAX_ITER", "1")
    one, two, start = (
        torch.load(output / "model_final.pth", weights_only=True)["model"] for output in (*trained, first)
    )
    change = sum((one[name] - start[name]).norm() ** 2 for name in one).sqrt()
    apart = sum((one[name] - two[name]).norm() ** 2 for name in one).sqrt()
    assert change > 0
    assert apart / change < 1e-4


@pytest.mark.slow
def test_two_processes_evaluate_as_one(data, trained):
    """Three images in shares of two and one give the same detections and the same metrics, digit for digit."""
    weights = ["MODEL.WEIGHTS", str(trained[0] / "model_final.pth")]
    outputs = [run(data, data / f"eval{n}", n, *weights, flags=("--eval-only",)) for n in (1, 2)]
    results = [json.loads((output / "result.json").read_text())["metrics"] for output in outputs]
    detections = [(output / "inference/trio/coco_instances_results.json").read_text() for output in outputs]
    assert results[0]["segm"]["AP"] > 1
    assert results[0] == results[1]
    assert detections[0] == detections[1]
    assert len({detection["image_id"] for detection in json.loads(detections[0])}) == 3
