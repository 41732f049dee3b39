"""Every number of the paper's tables and text, typed from the paper a second time, apart from tables.yaml.

A block per table: the printed headers of the numbers, then a line per row: label, descriptors, numbers. Labels that
span two printed rows are repeated; rows of differences come last.
"""

TABLES = {
    "1": """
AP AP_50 AP_75 AP_S AP_M AP_L
MNC [10] | ResNet-101-C4 | 24.6 44.3 24.8 4.7 25.9 43.6
FCIS [26] +OHEM | ResNet-101-C5-dilated | 29.2 49.5 - 7.1 31.3 50.0
FCIS+++ [26] +OHEM | ResNet-101-C5-dilated | 33.6 54.5 - - - -
Mask R-CNN | ResNet-101-C4 | 33.1 54.9 34.8 12.1 35.6 51.1
Mask R-CNN | ResNet-101-FPN | 35.7 58.0 37.8 15.5 38.1 52.4
Mask R-CNN | ResNeXt-101-FPN | 37.1 60.0 39.4 16.9 39.9 53.5
""",
    "2a": """
AP AP_50 AP_75
ResNet-50-C4 | 30.3 51.2 31.5
ResNet-101-C4 | 32.7 54.2 34.3
ResNet-50-FPN | 33.6 55.2 35.3
ResNet-101-FPN | 35.4 57.3 37.5
ResNeXt-101-FPN | 36.7 59.5 38.9
""",
    "2b": """
AP AP_50 AP_75
softmax | 24.8 44.1 25.1
sigmoid | 30.3 51.2 31.5
sigmoid - softmax | +5.5 +7.1 +6.4
""",
    "2c": """
AP AP_50 AP_75
RoIPool [12] | | | max | 26.9 48.8 26.4
RoIWarp [10] | | ✓ | max | 27.2 49.2 27.1
RoIWarp [10] | | ✓ | ave | 27.1 48.9 27.1
RoIAlign | ✓ | ✓ | max | 30.2 51.0 31.8
RoIAlign | ✓ | ✓ | ave | 30.3 51.2 31.5
""",
    "2d": """
AP AP_50 AP_75 AP^bb AP^bb_50 AP^bb_75
RoIPool | 23.6 46.5 21.6 28.2 52.7 26.9
RoIAlign | 30.9 51.8 32.1 34.0 55.3 36.4
RoIAlign - RoIPool | +7.3 +5.3 +10.5 +5.8 +2.6 +9.5
""",
    "2e": """
AP AP_50 AP_75
MLP | fc: 1024→1024→80·28² | 31.5 53.7 32.8
MLP | fc: 1024→1024→1024→80·28² | 31.5 54.0 32.6
FCN | conv: 256→256→256→256→256→80 | 33.6 55.2 35.3
""",
    "3": """
AP^bb AP^bb_50 AP^bb_75 AP^bb_S AP^bb_M AP^bb_L
Faster R-CNN+++ [19] | ResNet-101-C4 | 34.9 55.7 37.4 15.6 38.7 50.9
Faster R-CNN w FPN [27] | ResNet-101-FPN | 36.2 59.1 39.0 18.2 39.0 48.2
Faster R-CNN by G-RMI [21] | Inception-ResNet-v2 [41] | 34.7 55.5 36.7 13.5 38.1 52.0
Faster R-CNN w TDM [39] | Inception-ResNet-v2-TDM | 36.8 57.7 39.2 16.2 39.8 52.1
Faster R-CNN, RoIAlign | ResNet-101-FPN | 37.3 59.6 40.3 19.8 40.2 48.8
Mask R-CNN | ResNet-101-FPN | 38.2 60.3 41.7 20.1 41.1 50.2
Mask R-CNN | ResNeXt-101-FPN | 39.8 62.3 43.4 22.1 43.2 51.2
""",
    "4": """
AP^kp AP^kp_50 AP^kp_75 AP^kp_M AP^kp_L
CMU-Pose+++ [6] | 61.8 84.9 67.5 57.1 68.2
G-RMI [32]† | 62.4 84.0 68.5 59.1 68.1
Mask R-CNN, keypoint-only | 62.7 87.0 68.4 57.4 71.1
Mask R-CNN, keypoint & mask | 63.1 87.3 68.7 57.8 71.4
""",
    "5": """
AP^bb_person AP^mask_person AP^kp
Faster R-CNN | 52.5 - -
Mask R-CNN, mask-only | 53.6 45.8 -
Mask R-CNN, keypoint-only | 50.7 - 64.2
Mask R-CNN, keypoint & mask | 52.0 45.1 64.7
""",
    "6": """
AP^kp AP^kp_50 AP^kp_75 AP^kp_M AP^kp_L
RoIPool | 59.8 86.2 66.7 55.1 67.4
RoIAlign | 64.2 86.6 69.7 58.7 73.0
""",
    "7": """
AP~[val] AP AP_50 person rider car truck bus train mcycle bicycle
InstanceCut [23] | fine + coarse | 15.8 13.0 27.9 10.0 8.0 23.7 14.0 19.5 15.2 9.3 4.7
DWT [4] | fine | 19.8 15.6 30.0 15.1 11.7 32.9 17.1 20.4 15.0 7.9 4.9
SAIS [17] | fine | - 17.4 36.7 14.6 12.9 35.7 16.0 23.2 19.0 10.3 7.8
DIN [3] | fine + coarse | - 20.0 38.8 16.5 16.7 25.7 20.6 30.0 23.4 17.1 10.1
SGN [29] | fine + coarse | 29.2 25.0 44.9 21.8 20.1 39.4 24.8 33.2 30.8 17.7 12.4
Mask R-CNN | fine | 31.5 26.2 49.9 30.5 23.7 46.9 22.8 32.2 18.6 19.1 16.0
Mask R-CNN | fine + COCO | 36.4 32.0 58.1 34.8 27.0 49.1 30.1 40.9 30.9 24.1 18.7
""",
    "8": """
AP AP_50 AP_75 AP^bb AP^bb_50 AP^bb_75
original baseline | X-101-FPN | 36.7 59.5 38.9 39.6 61.5 43.2
+ updated baseline | X-101-FPN | 37.0 59.7 39.0 40.5 63.0 43.7
+ e2e training | X-101-FPN | 37.6 60.4 39.9 41.7 64.1 45.2
+ ImageNet-5k | X-101-FPN | 38.6 61.7 40.9 42.7 65.1 46.6
+ train-time augm. | X-101-FPN | 39.2 62.5 41.6 43.5 65.9 47.2
+ deeper | X-152-FPN | 39.7 63.2 42.2 44.1 66.4 48.4
+ Non-local [43] | X-152-FPN-NL | 40.3 64.4 42.8 45.0 67.8 48.9
+ test-time augm. | X-152-FPN-NL | 41.8 66.0 44.8 47.3 69.3 51.5
""",
    "9": """
AP^kp AP^kp_50 AP^kp_75 AP^kp_M AP^kp_L
original baseline | R-50-FPN | 64.2 86.6 69.7 58.7 73.0
+ updated baseline | R-50-FPN | 65.1 86.6 70.9 59.9 73.6
+ deeper | R-101-FPN | 66.1 87.7 71.7 60.5 75.0
+ ResNeXt | X-101-FPN | 67.3 88.0 73.3 62.2 75.6
+ data distillation [35] | X-101-FPN | 69.1 88.9 75.3 64.1 77.1
+ test-time augm. | X-101-FPN | 70.4 89.3 76.8 65.8 78.1
""",
    # "our fully convolutional representation requires fewer parameters"
    "text-3-parameters": """
mask~branch model
MLP | fc: 1024→1024→80·28² | - -
MLP | fc: 1024→1024→1024→80·28² | - -
FCN | conv: 256→256→256→256→256→80 | - -
""",
    # "four regularly sampled locations": Table 2c's RoIAlign; no number of others.
    "text-3-sampling": """
AP AP_50 AP_75
1 | - - -
2×2 | 30.3 51.2 31.5
4×4 | - - -
""",
    # "it has 29.7 mask AP vs. 30.3 for the class-specific counterpart on ResNet-50-C4"
    "text-4.2-agnostic": """
AP
class-agnostic | 29.7
class-specific | 30.3
""",
    # "RoIAlign shows a gain of 1.5 mask AP and 0.5 box AP when used with FPN"
    "text-4.2-fpn-roialign": """
AP AP^bb
RoIPool | - -
RoIAlign | - -
RoIAlign - RoIPool | +1.5 +0.5
""",
    # Caption of Table 3: "RoIAlign (+1.1), multitask training (+0.9), and ResNeXt-101 (+1.6)"; "a margin of 3.0 points
    # box AP over ... [39]"; "2.7 points between 37.1 (mask, Table 1) and 39.8 (box, Table 3)".
    "text-4.3-deltas": """
AP^bb AP AP^bb~-~AP
Faster R-CNN w FPN [27] | ResNet-101-FPN | 36.2 - -
Faster R-CNN w TDM [39] | Inception-ResNet-v2-TDM | 36.8 - -
Faster R-CNN, RoIAlign | ResNet-101-FPN | 37.3 - -
Mask R-CNN | ResNet-101-FPN | 38.2 35.7 -
Mask R-CNN | ResNeXt-101-FPN | 39.8 37.1 2.7
RoIAlign, over [27] | +1.1 - -
multi-task training | +0.9 - -
ResNeXt-101 | +1.6 - -
ResNeXt-101-FPN, over [39] | +3.0 - -
""",
    # Figures 2 and 5: "running at 5 fps".
    "text-4.4-inference": """
ms~per~image +~ms~to~resize~outputs,~CPU frames~per~s
ResNet-101-FPN sharing features with its RPN | Nvidia Tesla M40 | 195 15 -
ResNet-101-C4 | | 400 - -
ResNet-101-FPN (Figures 2 and 5) | | - - 5
Faster R-CNN, ResNet-101-FPN | | - - -
ResNet-50-FPN, keypoint & mask (Table 4) | | - - 5
X-152-FPN-NL without test-time augmentation | Nvidia Tesla P100 | - - 3
""",
    # "statistically the same mask AP as the unshared one", which is Table 2a's.
    "text-4.4-sharing": """
AP
ResNet-101-FPN | unshared | 35.4
ResNet-101-FPN | shared | -
""",
    "text-4.4-training": """
hours s~per~mini-batch
ResNet-50-FPN | 8 GPUs | 32 0.72
ResNet-101-FPN | 8 GPUs | 44 -
Cityscapes fine | 8 GPUs | 4 -
Cityscapes fine from the COCO model | | 1 -
""",
    # "producing an output resolution of 56x56": Table 6's RoIAlign; no number of others.
    "text-5-resolution": """
AP^kp AP^kp_50 AP^kp_75 AP^kp_M AP^kp_L
14×14 | none | - - - - -
28×28 | deconv | - - - - -
56×56 | deconv, 2× bilinear | 64.2 86.6 69.7 58.7 73.0
""",
    # "val/test AP of 28.8/22.8, 53.5/32.2, and 33.0/18.6"; "38.0/30.1, 57.5/40.9, and 41.2/30.9 val/test AP"
    "text-A-valtest": """
truck~val truck~test bus~val bus~test train~val train~test AP_50~val person~val rider~val car~val mcycle~val bicycle~val
fine-only | fine | 28.8 22.8 53.5 32.2 33.0 18.6 - - - - - -
COCO pre-training | fine + COCO | 38.0 30.1 57.5 40.9 41.2 30.9 - - - - - -
""",
    "text-A-counts": """
person rider car truck bus train mcycle bicycle
instances (k) | 17.9 1.8 26.9 0.5 0.4 0.2 0.7 3.7
""",
    "TM-4": """
AP^bb AP^bb_50 AP^bb_75
RetinaNet, ours | | 24 | 37.1 55.0 39.9
RetinaNet, ours | ✓ | 72 | 39.3 57.2 42.4
Faster R-CNN, ours | ✓ | 72 | 40.6 61.4 44.2
Mask R-CNN, ours | ✓ | 72 | 41.7 62.5 45.7
TensorMask, box-only | ✓ | 72 | 40.8 60.4 43.9
TensorMask | ✓ | 72 | 41.6 61.0 45.1
""",
    "TM-5": """
AP AP_50 AP_75 AP^bb AP^bb_50 AP^bb_75
TensorMask | ✓ | bb | 35.2 56.4 37.0 41.6 60.8 44.8
TensorMask | ✓ | mask-bb | 34.9 56.0 36.7 39.7 59.1 41.8
TensorMask | | mask-bb | 34.8 56.1 36.7 39.4 58.8 41.6
""",
    # "These models use a ResNet-101-FPN backbone and obtain 38.3 and 37.1 AP, on test-dev, respectively."
    "TM-fig10": """
AP
Mask R-CNN | 38.3
TensorMask | 37.1
""",
}

# Rows that the paper prints more than once: the same model on the same images.
PRINTED_AGAIN = [
    "2a/r50_c4 2b/sigmoid 2c/roialign_ave text-3-sampling/s2 text-4.2-agnostic/class_specific",
    "2a/r50_fpn 2e/fcn",
    "2a/x101_fpn 8/original_baseline",
    "text-5-resolution/m56 6/roialign 9/original_baseline 5/keypoint_only",
    "1/mask_rcnn_r101_fpn text-4.3-deltas/mask_rcnn_r101_fpn 3/mask_rcnn_r101_fpn",
    "1/mask_rcnn_x101_fpn text-4.3-deltas/mask_rcnn_x101_fpn 3/mask_rcnn_x101_fpn",
    "3/faster_rcnn_roialign_r101_fpn text-4.3-deltas/faster_rcnn_roialign_r101_fpn",
    "7/mask_rcnn_fine text-A-valtest/mask_rcnn_fine",
    "7/mask_rcnn_fine_coco text-A-valtest/mask_rcnn_fine_coco",
]

# On test-dev in one table, on minival in the other: one model, other numbers.
SAME_MODEL = [
    "1/mask_rcnn_r101_c4 2a/r101_c4",
    "1/mask_rcnn_r101_fpn 2a/r101_fpn",
    "1/mask_rcnn_x101_fpn 2a/x101_fpn",
    "4/keypoint_only 5/keypoint_only",
    "4/keypoint_and_mask 5/keypoint_and_mask",
    "text-4.2-fpn-roialign/roialign 2a/r50_fpn",
    "TM-4/tensormask TM-5/box_bb",
]


def lines(table_id: str) -> tuple[list[str], list[tuple[str, list[str], list[float | None]]]]:
    """Headers of the numbers, and (label, descriptors, numbers) of each line."""
    header, *rows = TABLES[table_id].strip().splitlines()
    found = []
    for row in rows:
        label, *descriptors, numbers = (cell.strip() for cell in row.split("|"))
        found.append((label, descriptors, [None if text == "-" else float(text) for text in numbers.split()]))
    return [text.replace("~", " ") for text in header.split()], found
