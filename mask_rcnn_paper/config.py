"""The config keys that this plugin adds to detectron2's."""

from collections.abc import Iterator
from typing import Any

from detectron2.config import CfgNode as CN


def add_mask_rcnn_paper_config(cfg: CN) -> None:
    """Add the plugin's keys to `cfg`; existing keys keep their values, and calling it twice changes nothing.

    Args:
        cfg: What `detectron2.config.get_cfg()` returns.
    """
    if "SCALE" in cfg:
        return

    # Name of the overlay in configs/scales/ that was applied to this config: "paper", "short", "mini" or "smoke". It is
    # written by `load_cfg` and records what a run was; setting it by hand changes nothing else.
    cfg.SCALE = "paper"

    # `result_file.config_hash` of the config as it was given: detectron2 adapts the schedule to the number of processes
    # where SOLVER.REFERENCE_WORLD_SIZE is set, which makes no other experiment. Written by train_net.py.
    cfg.CONFIG_HASH = ""

    # What the model computes in: "float32", or under SOLVER.AMP.ENABLED "float16" on a GPU (in training alone, as
    # detectron2 does) and "bfloat16" on a CPU that has it. Written by train_net.py; a result says it, and tables do not
    # mix them. Ask by SOLVER.AMP.ENABLED.
    cfg.PRECISION = "float32"

    # RoI layer of every branch (Table 2c, 2d, 6). "" keeps detectron2's layers and its POOLER_TYPE keys; "RoIPool",
    # "RoIWarp" and "RoIAlign" are the paper's; others are what a file of yours adds to ROI_LAYER_REGISTRY. Output size
    # and samples per bin side stay with POOLER_RESOLUTION and POOLER_SAMPLING_RATIO of each head.
    cfg.MODEL.ROI_POOLER = CN()
    cfg.MODEL.ROI_POOLER.NAME = ""
    # How the bilinear samples of a bin become one value: "ave" or "max" (column "agg." of Table 2c). RoIPool
    # is always "max".
    cfg.MODEL.ROI_POOLER.AGGREGATION = "ave"
    # Side in pixels of an RoI that belongs to level P4 of an FPN: 224, the size of ImageNet images (equation 1 of
    # the FPN paper [27]). A reduced scale divides it together with the anchors.
    cfg.MODEL.ROI_POOLER.CANONICAL_BOX_SIZE = 224

    # Mask loss (Table 2b): "sigmoid", K independent binary masks, or "softmax", one multinomial over K classes and
    # background; others are what a file of yours adds to MASK_LOSS_REGISTRY. Used by the plugin's mask heads;
    # CLS_AGNOSTIC_MASK (Section 4.2) goes with losses without background.
    cfg.MODEL.ROI_MASK_HEAD.LOSS = "sigmoid"
    # MLPMaskHead (Table 2e): width of each hidden layer, and side of the masks in pixels.
    cfg.MODEL.ROI_MASK_HEAD.MLP_DIMS = [1024, 1024]
    cfg.MODEL.ROI_MASK_HEAD.MLP_MASK_SIZE = 28

    # PaperKeypointHead (Section 5). Side of a keypoint's map: 4, 2 or 1 times POOLER_RESOLUTION, by a deconvolution and
    # bilinear upscaling (56, the paper's), the deconvolution alone (28), or neither (14).
    cfg.MODEL.ROI_KEYPOINT_HEAD.RESOLUTION = 56
    # "softmax", a cross-entropy over all positions of the map (the paper's), or "sigmoid", a binary one at each.
    cfg.MODEL.ROI_KEYPOINT_HEAD.LOSS = "softmax"

    # Heads of single-stage models, "PaperRetinaNet" and "TensorMask": standard deviation of their weights before
    # training, 0.01 (RetinaNet, Section 4.1). Signals shrink with every layer by about this times the root of its
    # inputs, so narrow ones at reduced scales have larger weights.
    cfg.MODEL.DENSE_HEAD_INIT_STD = 0.01
    # META_ARCHITECTURE "TensorMask" (its appendix, Tables 4 and 5). Keys and values of detectron2's TensorMask project,
    # but for BOX_ON. Windows are squares of ANCHOR_GENERATOR.SIZES, whole numbers of the stride of their level; MASK_ON
    # False is the appendix's "box-only".
    cfg.MODEL.TENSOR_MASK = CN()
    # Feature maps of the levels, each of twice the stride of the one before.
    cfg.MODEL.TENSOR_MASK.IN_FEATURES = ["p2", "p3", "p4", "p5", "p6", "p7"]
    # Classes without background, as MODEL.ROI_HEADS.NUM_CLASSES of other rows.
    cfg.MODEL.TENSOR_MASK.NUM_CLASSES = 80
    # False: no box branch; boxes, for NMS too, are those of masks (Appendix A.4): TEST.NMS_BOXES must be "mask-bb".
    cfg.MODEL.TENSOR_MASK.BOX_ON = True
    # Convolutions of each tower, and their channels.
    cfg.MODEL.TENSOR_MASK.NUM_CONVS = 4
    cfg.MODEL.TENSOR_MASK.CLS_CHANNELS = 256
    cfg.MODEL.TENSOR_MASK.BBOX_CHANNELS = 128
    cfg.MODEL.TENSOR_MASK.MASK_CHANNELS = 128
    # Factors of dx, dy, dw, dh.
    cfg.MODEL.TENSOR_MASK.BBOX_REG_WEIGHTS = (1.5, 1.5, 0.75, 0.75)
    # Of FL*, a focal loss.
    cfg.MODEL.TENSOR_MASK.FOCAL_LOSS_GAMMA = 3.0
    cfg.MODEL.TENSOR_MASK.FOCAL_LOSS_ALPHA = 0.3
    # Of the mask loss, and of the pixels of objects in it.
    cfg.MODEL.TENSOR_MASK.MASK_LOSS_WEIGHT = 2.0
    cfg.MODEL.TENSOR_MASK.POSITIVE_WEIGHT = 1.5
    # Least score in [0, 1], most detections of an image before NMS, and its IoU threshold.
    cfg.MODEL.TENSOR_MASK.SCORE_THRESH_TEST = 0.05
    cfg.MODEL.TENSOR_MASK.TOPK_CANDIDATES_TEST = 6000
    cfg.MODEL.TENSOR_MASK.NMS_THRESH_TEST = 0.5

    # True: train only on images with at least MODEL.ROI_KEYPOINT_HEAD.MIN_KEYPOINTS_PER_IMAGE labelled keypoints,
    # also where the model has no keypoint branch: all rows of Table 5 "are trained on the same data". detectron2
    # filters only under MODEL.KEYPOINT_ON.
    cfg.DATASETS.KEYPOINT_IMAGES_ONLY = False

    # What to do where `python -m mask_rcnn_paper.validate_dataset` finds errors in a training set. False: end with a
    # message. True: leave out the images and annotations that have errors, and log how many. Test sets with errors are
    # refused either way, since leaving anything out would change the score.
    cfg.DATASETS.SKIP_INVALID = False

    # Your own data in COCO's format, in place of the datasets that the config names; no part of the paper. Everything
    # else that depends on data is then taken from the files: see mask_rcnn_paper/data/user_data.py.
    cfg.DATASETS.OWN = CN()
    # "": none. Else letters, digits, "_" and "-", from a letter on; NAME_train and NAME_val are registered.
    cfg.DATASETS.OWN.NAME = ""
    # (annotation file, image folder) of each.
    cfg.DATASETS.OWN.TRAIN = ()
    cfg.DATASETS.OWN.VAL = ()
    # For rows with keypoints. () and None: as the files say; pairs that trade places in a mirror, else from left and
    # right in the names. Standard deviations are detectron2's TEST.KEYPOINT_OKS_SIGMAS.
    cfg.DATASETS.OWN.KEYPOINT_NAMES = ()
    cfg.DATASETS.OWN.KEYPOINT_FLIP_PAIRS = None
    # Checksums of the two annotation files, which make them part of a run's identity. Written by `load_cfg`; where they
    # are given, as to the jobs of `python -m ablations`, other files are refused.
    cfg.DATASETS.OWN.VERSIONS = ()

    # Components from files of your own: see mask_rcnn_paper/imports.py.
    cfg.IMPORTS = CN()
    # Names, without folder and suffix, of the files or modules that the config needs by `--import`. Nothing is imported
    # because of it: one that is missing is an error.
    cfg.IMPORTS.NEEDED = ()
    # Checksums of those whose components the config uses. Written by `load_cfg`; part of a run's identity.
    cfg.IMPORTS.VERSIONS = ()

    # File of annotations that a teacher made (Appendix B, data distillation), for the datasets of DATASETS.TRAIN whose
    # name ends in "_distilled". "": from the stage STAGES.DISTILL.
    cfg.DATASETS.DISTILLED = ""
    # Images of each of DATASETS.TRAIN among those that follow each other in training: (6, 4) takes six of the first for
    # four of the second, however many there are. (): as many as there are, detectron2's way.
    cfg.DATALOADER.DATASET_RATIO = ()

    # Images of a batch in evaluation; detectron2 has 1. Images of different sizes are padded to the largest of a batch,
    # as in training, so results may change a little; equal sizes change last digits alone.
    cfg.TEST.IMS_PER_BATCH = 1
    # Test-time augmentation (Appendix B, Tables 8 and 9): beside detectron2's ENABLED, MIN_SIZES, MAX_SIZE and FLIP.
    # Views run at once, at least 1; more need more memory.
    cfg.TEST.AUG.IMS_PER_BATCH = 3
    # Boxes of a class with at least this IoU vote on a detection's box; 0.0: they do not.
    cfg.TEST.AUG.VOTE_IOU = 0.9
    # A detection's score is then "keep", its own, or "average", that of those who voted.
    cfg.TEST.AUG.VOTE_SCORES = "keep"
    # Keypoints: boxes smaller than the square of this side, in pixels of the original image, are not looked at where a
    # view is smaller than INPUT.MIN_SIZE_TEST, others not where one is larger. 0: all are, everywhere.
    cfg.TEST.AUG.KEYPOINT_BOX_SIDE = 150
    # Boxes of detections, for NMS and for box AP (TensorMask's appendix A.4, Table 5): "bb", those that the box branch
    # regresses, or "mask-bb", the tight boxes of the predicted masks. Of the plugin's RoI heads and of
    # TensorMask, with MODEL.MASK_ON.
    cfg.TEST.NMS_BOXES = "bb"
    # Under "mask-bb": for how many detections of an image, the best, masks are predicted before NMS; at least 1.
    # NMS_THRESH_TEST of ROI_HEADS or TENSOR_MASK, and TEST.DETECTIONS_PER_IMAGE, stay what they are.
    cfg.TEST.NMS_CANDIDATES = 1000
    # What computes COCO's metrics: "pycocotools"; "hotcoco", whose numbers are the same, to the bit, in a fraction of
    # the time; "auto", hotcoco where it is installed. No part of a run's identity.
    cfg.TEST.COCO_BACKEND = "auto"

    # Stage-wise training (Section 3.1).
    cfg.STAGES = CN()
    # Config, relative to configs/, of the RPN whose stored proposals a row with MODEL.LOAD_PROPOSALS uses.
    cfg.STAGES.RPN = ""
    # Checkpoint of that RPN, where it has to be run on images that it has stored no proposals for, as in distillation.
    # "": from the stage STAGES.RPN.
    cfg.STAGES.RPN_WEIGHTS = ""
    # Config, relative to configs/, of the distillation (Appendix B) whose annotations a student trains on; "": none.
    cfg.STAGES.DISTILL = ""
    # True: MODEL.WEIGHTS comes from our own pre-training stage, the analogue of ImageNet at reduced scales.
    cfg.STAGES.PRETRAIN = False
    # Config, relative to configs/, of the detector whose trained weights a config starts from, in place of pre-trained
    # ones, or predicts with, as a distillation; MODEL.WEIGHTS is "" there. "": none.
    cfg.STAGES.DETECTOR = ""
    # True: the row differs from that detector's in inference alone, such as by test-time augmentation, and trains
    # nothing.
    cfg.STAGES.EVAL_ONLY = False
    # True: that detector has other classes, which are matched by name (Appendix A): MODEL.WEIGHTS comes from
    # `python -m mask_rcnn_paper.transfer`.
    cfg.STAGES.TRANSFER = False
    # What that command is given as --map: "TARGET=SOURCE", "TARGET=random" or "all_random".
    cfg.STAGES.CLASS_MAP = ()

    # Pre-training of the backbone as a classifier of single objects (reduced scales only; no part of the paper).
    cfg.PRETRAIN = CN()
    cfg.PRETRAIN.MAX_ITER = 1000
    cfg.PRETRAIN.IMS_PER_BATCH = 64
    # Of AdamW: SGD needs three times the iterations.
    cfg.PRETRAIN.BASE_LR = 0.01
    # What is told apart: "categories", the drawn ones, ImageNet's part; "fine", each by its strongest colour, the
    # part of ImageNet-5k (Appendix B, Table 8).
    cfg.PRETRAIN.CLASSES = "categories"
    # Side in pixels of the square training images, and how many are drawn.
    cfg.PRETRAIN.CROP_SIZE = 64
    cfg.PRETRAIN.NUM_CROPS = 12000


def leaves(cfg: CN, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a config with its full key, such as "SOLVER.BASE_LR", after `prefix`."""
    for key, value in cfg.items():
        if isinstance(value, CN):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
