"""Inference on several views, of models with random weights that are sharp enough to detect something."""

import copy
from functools import cache

import pytest
import torch
from detectron2.data import DatasetMapper, MetadataCatalog
from detectron2.modeling import build_model
from detectron2.structures import Boxes, Instances
from PIL import Image
from torch import nn
from torch.testing import assert_close

from mask_rcnn_paper.modeling.augmented_views import make_views
from mask_rcnn_paper.modeling.test_time_augmentation import PaperRCNNWithTTA
from mask_rcnn_paper.scales import load_cfg
from mask_rcnn_paper.training.precision import BFLOAT16, set_precision

FPN, C4, BRANCHES = "table2a/r50_fpn.yaml", "table2b/sigmoid.yaml", "table4/keypoint_and_mask.yaml"
END_TO_END = ("MODEL.LOAD_PROPOSALS", "False", "MODEL.PROPOSAL_GENERATOR.NAME", "RPN")
ONE_VIEW = ("TEST.AUG.MIN_SIZES", "(96,)", "TEST.AUG.FLIP", "False")
NO_VOTING = ("TEST.AUG.VOTE_IOU", "0.0")
SMALL = (
    *("MODEL.ROI_HEADS.NUM_CLASSES", "3"),
    *("MODEL.RESNETS.STEM_OUT_CHANNELS", "8", "MODEL.RESNETS.RES2_OUT_CHANNELS", "16"),
    *("MODEL.RESNETS.WIDTH_PER_GROUP", "4", "MODEL.FPN.OUT_CHANNELS", "16", "MODEL.ROI_BOX_HEAD.FC_DIM", "32"),
    *("MODEL.ROI_MASK_HEAD.CONV_DIM", "16", "MODEL.ROI_KEYPOINT_HEAD.CONV_DIMS", "(16,)"),
)
KEYPOINT_TRAIN = "smoke_keypoints_train"
HEIGHT, WIDTH = 72, 100


def configured(row, *opts):
    fixed = ("MODEL.DEVICE", "cpu", "MODEL.RESNETS.NORM", "BN", "MODEL.BACKBONE.FREEZE_AT", "0")
    views = ("TEST.AUG.MIN_SIZES", "(64, 96)", "INPUT.MIN_SIZE_TEST", "96", "TEST.AUG.MAX_SIZE", "200")
    few = ("MODEL.ROI_HEADS.SCORE_THRESH_TEST", "0.2", "TEST.DETECTIONS_PER_IMAGE", "6")
    return load_cfg(row, "mini", [*fixed, *views, *few, *SMALL, "MODEL.RPN.POST_NMS_TOPK_TEST", "20", *opts])


@cache
def sharp_model(row, *opts):
    """A model whose random predictions differ from place to place."""
    torch.manual_seed(0)
    model = build_model(configured(row, *opts))
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    model.backbone(50 * torch.randn(1, 3, 128, 128))
    model.eval().roi_heads.box_predictor.test_score_thresh = -1.0  # so that all branches are run
    proposals = Instances((128, 128), proposal_boxes=Boxes(120 * torch.rand(30, 4).sort(dim=1).values))
    inputs = {"image": (255 * torch.rand(3, 128, 128)).byte(), "proposals": proposals}
    for name, size in (("cls_score", 4), ("bbox_pred", 1), ("predictor", 4), ("score_lowres", 4)):
        for layer in [layer for path, layer in model.named_modules() if path.endswith(f".{name}")]:
            outputs = []
            hook = layer.register_forward_hook(lambda *args, outputs=outputs: outputs.append(args[2].std().item()))
            with torch.no_grad():
                model([inputs])
            hook.remove()
            layer.weight.data *= size / outputs[0]
    model.roi_heads.box_predictor.cls_score.bias.data[-1] = -20.0  # nothing is background
    return model


def build(row, *opts):
    """The config, and a model of one's own."""
    cfg = configured(row, *opts)
    model = copy.deepcopy(sharp_model(row, *(END_TO_END if END_TO_END[0] in opts else ())))
    model.roi_heads.box_predictor.test_score_thresh = cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST
    return cfg, model


@pytest.fixture(scope="module")
def image():
    """Smooth, so that its sizes look alike; not symmetric."""
    coarse = (255 * torch.rand(9, 12, 3, generator=torch.Generator().manual_seed(1))).byte().numpy()
    return Image.fromarray(coarse).resize((WIDTH, HEIGHT), Image.BICUBIC)


@pytest.fixture
def sample(image, tmp_path):
    """A dataset's sample of it, with stored proposals."""
    image.save(tmp_path / "image.png")
    corner = torch.rand(30, 2, generator=torch.Generator().manual_seed(2)) * torch.tensor([60.0, 40.0])
    side = 10 + 50 * torch.rand(30, 2, generator=torch.Generator().manual_seed(3))
    proposals = torch.cat([corner, (corner + side).minimum(torch.tensor([WIDTH, HEIGHT]))], dim=1).numpy()
    stored = {"proposal_boxes": proposals, "proposal_objectness_logits": proposals[:, 0], "proposal_bbox_mode": 0}
    return {"file_name": str(tmp_path / "image.png"), "height": HEIGHT, "width": WIDTH, "annotations": [], **stored}


def alone(cfg, model, sample):
    """What the model finds without augmentation."""
    with torch.no_grad():
        return model([DatasetMapper(cfg, is_train=False)(sample)])[0]["instances"]


def with_tta(cfg, model, *samples):
    return [result["instances"] for result in PaperRCNNWithTTA(cfg, model)(list(samples))]


def assert_equal(found, expected):
    assert found.image_size == expected.image_size
    assert set(found.get_fields()) == set(expected.get_fields())
    for name, value in expected.get_fields().items():
        assert torch.equal(*(getattr(x, "tensor", x) for x in (found.get(name), value))), name


@pytest.mark.parametrize("row", [FPN, C4, BRANCHES])
@pytest.mark.parametrize("opts", [(), END_TO_END], ids=["stored", "end to end"])
def test_one_view_is_plain_inference(row, opts, sample):
    """Bit for bit where nobody votes: boxes, scores, classes, masks, keypoints."""
    cfg, model = build(row, *opts, *ONE_VIEW, *NO_VOTING)
    expected = alone(cfg, model, sample)
    assert len(expected) > 2
    (found,) = with_tta(cfg, model, sample)
    assert_equal(found, expected)


def test_one_view_in_mixed_precision(sample):
    """Both stages compute in what the model does."""
    cfg, model = build(FPN, *END_TO_END, *ONE_VIEW, *NO_VOTING)
    set_precision(model, BFLOAT16)
    assert_equal(with_tta(cfg, model, sample)[0], alone(cfg, model, sample))


def test_views_are_of_the_file(sample):
    """A mapper that has resized the image changes nothing; an image without a file is taken as it is."""
    cfg, model = build(FPN, *END_TO_END)
    mapped = DatasetMapper(cfg, is_train=False)(sample)
    assert mapped["image"].shape[1:] != (HEIGHT, WIDTH)
    whole = DatasetMapper(cfg, is_train=False, augmentations=[])(sample)
    del whole["file_name"]
    expected, *others = with_tta(cfg, model, sample, mapped, whole)
    assert len(expected) > 2
    for found in others:
        assert_equal(found, expected)


def test_stored_proposals_of_a_resized_image(sample):
    """They are brought back to the image's own pixels, up to rounding."""
    cfg, model = build(C4, *NO_VOTING)
    mapped = DatasetMapper(cfg, is_train=False)(sample)
    expected, found = with_tta(cfg, model, sample, mapped)
    assert len(expected) > 2
    assert_close(found.pred_boxes.tensor, expected.pred_boxes.tensor, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("opts", [(), END_TO_END], ids=["stored", "end to end"])
def test_a_mirrored_image_has_mirrored_results(opts, sample, image, tmp_path):
    """Views and their mirrors change places: boxes, masks and keypoints are mirrored, left ones are right ones."""
    cfg, model = build(BRANCHES, *opts)
    image.transpose(Image.FLIP_LEFT_RIGHT).save(tmp_path / "mirrored.png")
    boxes = sample["proposal_boxes"][:, [2, 1, 0, 3]].copy()
    boxes[:, [0, 2]] = WIDTH - boxes[:, [0, 2]]
    mirrored = {**sample, "file_name": str(tmp_path / "mirrored.png"), "proposal_boxes": boxes}
    found, other = with_tta(cfg, model, sample, mirrored)
    assert len(found) == len(other) > 2
    x1, y1, x2, y2 = other.pred_boxes.tensor.unbind(1)
    assert_close(found.pred_boxes.tensor, torch.stack([WIDTH - x2, y1, WIDTH - x1, y2], dim=1), rtol=0, atol=0.1)
    assert_close(found.scores, other.scores, rtol=0, atol=1e-3)
    assert (found.pred_masks == other.pred_masks.flip(2)).float().mean() > 0.995
    swapped = [names.index(dict(flips()).get(name, name)) for names in [keypoint_names()] for name in names]
    maps = other.pred_keypoint_heatmaps[:, swapped].flip(3)
    assert_close(found.pred_keypoint_heatmaps, maps, rtol=0, atol=0.02 * maps.abs().max().item())


def keypoint_names():
    return MetadataCatalog.get(KEYPOINT_TRAIN).keypoint_names


def flips():
    pairs = MetadataCatalog.get(KEYPOINT_TRAIN).keypoint_flip_map
    return [*pairs, *((right, left) for left, right in pairs)]


def painted(x):
    """Logits (R, 17, 8, 8) that say which keypoint and which column they are of: what a mirror must undo."""
    return torch.arange(8.0).expand(len(x), 17, 8, 8) + 100 * torch.arange(17.0)[:, None, None]


def test_mirrored_keypoints_trade_left_and_right(sample):
    """Of an upright and a mirrored view: columns are averaged with mirrored ones, indices with those across."""
    cfg, model = build(BRANCHES, *END_TO_END, "TEST.AUG.MIN_SIZES", "(96,)")
    model.roi_heads.keypoint_head.layers = painted
    (found,) = with_tta(cfg, model, sample)
    across = [keypoint_names().index(dict(flips()).get(name, name)) for name in keypoint_names()]
    assert across[:5] == [0, 2, 1, 4, 3]
    expected = 3.5 + 100 * (torch.arange(17.0) + torch.tensor(across)) / 2
    assert_close(found.pred_keypoint_heatmaps, expected[:, None, None].expand(len(found), 17, 8, 8))


def at_box(cfg, model, *box):
    """A `PaperRCNNWithTTA` that has found this one box, in pixels of the view of 64."""
    tta = PaperRCNNWithTTA(cfg, model)
    found = Instances((64, 89), pred_boxes=Boxes(torch.tensor([box])))
    found.scores, found.pred_classes = torch.tensor([0.5]), torch.tensor([0])
    tta._boxes = lambda *_: copy.deepcopy(found)
    return tta


def test_keypoints_of_small_boxes_come_from_large_views(sample):
    """The size rule: a small box has the maps of inference without reduced views, a large one without enlarged ones."""
    sample = {key: value for key, value in sample.items() if not key.startswith("proposal")}
    for side, views in ((1000, "(96, 128)"), (1, "(64, 96)")):
        maps = []
        for opts in (
            ("TEST.AUG.MIN_SIZES", "(64, 96, 128)", "TEST.AUG.KEYPOINT_BOX_SIDE", str(side)),
            ("TEST.AUG.MIN_SIZES", views, "TEST.AUG.KEYPOINT_BOX_SIDE", "0"),
            ("TEST.AUG.MIN_SIZES", "(64, 96, 128)", "TEST.AUG.KEYPOINT_BOX_SIDE", "0"),
        ):
            cfg, model = build(BRANCHES, *opts)
            (result,) = at_box(cfg, model, 5.0, 5.0, 40.0, 60.0)([sample])
            maps.append(result["instances"].pred_keypoint_heatmaps)
        assert_close(maps[0], maps[1])
        assert not torch.allclose(maps[0], maps[2])


def test_stored_proposals_are_averaged(sample):
    """Two views of the same proposals have as many candidates as one, with means of scores and boxes."""
    cfg, model = build(C4, "TEST.AUG.MIN_SIZES", "(96,)")
    seen, merged = [], []
    tta = PaperRCNNWithTTA(cfg, model)
    predictions = tta._predictions
    tta._predictions = lambda inputs: seen.extend(predictions(inputs)) or seen
    tta.merging = Recorder(tta.merging, merged)
    tta([sample])
    ((boxes, scores),) = merged
    (upright, upright_scores), (mirrored, mirrored_scores) = seen
    assert_close(scores, (upright_scores + mirrored_scores) / 2)
    views = make_views((HEIGHT, WIDTH), [(96, 200)], flip=True)
    back = [view.boxes_to(of_view, views[0].size) for view, of_view in zip(views, (upright, mirrored), strict=True)]
    assert_close(boxes, (back[0] + back[1]) / 2)


class Recorder:
    """Notes what a Merging is given."""

    def __init__(self, merging, merged):
        self.merging, self.merged = merging, merged

    def detections(self, boxes, scores, size):
        self.merged.append((boxes, scores))
        return self.merging.detections(boxes, scores, size)


def test_boxes_of_all_views_are_united(sample):
    """Before any threshold: four views have more proposals than two can have."""
    cfg, model = build(FPN, *END_TO_END)
    merged = []
    tta = PaperRCNNWithTTA(cfg, model)
    tta.merging = Recorder(tta.merging, merged)
    tta([sample])
    ((boxes, scores),) = merged
    assert len(boxes) == len(scores) > 2 * cfg.MODEL.RPN.POST_NMS_TOPK_TEST
    assert (scores[:, :-1] < cfg.MODEL.ROI_HEADS.SCORE_THRESH_TEST).any()


def test_masks_are_made_of_merged_boxes_alone(sample):
    """Never of the boxes of a view, of which there may be a thousand."""
    cfg, model = build(FPN, *END_TO_END)
    seen = []
    model.roi_heads.mask_head.register_forward_hook(lambda head, args, _: seen.append([len(i) for i in args[1]]))
    (found,) = with_tta(cfg, model, sample)
    assert len(found) > 2
    assert sum(map(len, seen)) == 4
    assert all(count <= cfg.TEST.DETECTIONS_PER_IMAGE for counts in seen for count in counts)
    assert model.roi_heads.mask_on


def test_few_views_are_in_memory(sample):
    """Never more than are asked for at once, and their number changes last digits alone."""
    results = []
    for at_once in (1, 5):
        cfg, model = build(FPN, *END_TO_END, "TEST.AUG.IMS_PER_BATCH", str(at_once))
        batches = []
        model.backbone.register_forward_hook(lambda module, args, _, batches=batches: batches.append(len(args[0])))
        results += with_tta(cfg, model, sample)
        assert max(batches) == min(at_once, 2)  # sizes differ, but for mirrors
        assert sum(batches) == 8
    assert_close(results[0].pred_boxes.tensor, results[1].pred_boxes.tensor, rtol=1e-3, atol=1e-2)


def test_an_image_without_detections(sample):
    """Has all fields, empty, as without augmentation."""
    for row in (FPN, BRANCHES):
        cfg, model = build(row, *END_TO_END, "MODEL.ROI_HEADS.SCORE_THRESH_TEST", "1.0")
        assert_equal(with_tta(cfg, model, sample)[0], alone(cfg, model, sample))


def test_views_beyond_the_size_limit(sample):
    """They are smaller than asked for, and results stay in pixels of the file."""
    cfg, model = build(FPN, *END_TO_END, "TEST.AUG.MIN_SIZES", "(96, 400)", "TEST.AUG.MAX_SIZE", "150")
    sizes = []
    hook = lambda module, args, _: sizes.append(tuple(args[0].shape[2:]))  # noqa: E731
    model.backbone.register_forward_hook(hook)
    (found,) = with_tta(cfg, model, sample)
    assert max(width for _, width in sizes) == 160  # 150, padded to a multiple of 32
    assert found.image_size == (HEIGHT, WIDTH)
    assert (found.pred_boxes.tensor <= torch.tensor([WIDTH, HEIGHT, WIDTH, HEIGHT])).all()


def test_masks_of_boxes_that_leave_a_view(sample):
    """Views see of such a box what is inside; its mask ends at the border of the image."""
    cfg, model = build(FPN)
    (result,) = at_box(cfg, model, -20.0, -10.0, 60.0, 40.0)([sample])
    found = result["instances"]
    assert found.pred_masks.shape == (1, HEIGHT, WIDTH)
    assert_close(found.pred_boxes.tensor, torch.tensor([[0.0, 0.0, 60 * WIDTH / 89, 40 * HEIGHT / 64]]))
    assert not found.pred_masks[0, :, int(60 * WIDTH / 89) + 1 :].any()


def test_the_model_is_as_before(sample):
    """Also after an error: its branches are on, and its methods are its own."""
    cfg, model = build(FPN, *END_TO_END)
    tta = PaperRCNNWithTTA(cfg, model)
    before = alone(cfg, model, sample)
    tta([sample])
    assert_equal(alone(cfg, model, sample), before)
    broken = model.backbone.register_forward_hook(lambda *_: {}["missing"])
    with pytest.raises(KeyError):
        tta([sample])
    broken.remove()
    assert_equal(alone(cfg, model, sample), before)


def test_training_mode_is_an_error(sample):
    """As in plain inference of detectron2."""
    cfg, model = build(FPN)
    with pytest.raises(ValueError, match=r"call model.eval\(\)"):
        PaperRCNNWithTTA(cfg, model.train())([sample])


@pytest.mark.parametrize(
    "row, opts, message",
    [
        ("rpn/r50_fpn.yaml", (), "for a ProposalNetwork: test-time augmentation needs a GeneralizedRCNN"),
        (FPN, ("INPUT.RANDOM_FLIP", "vertical"), "INPUT.RANDOM_FLIP='vertical'.*set TEST.AUG.FLIP False"),
        (FPN, ("TEST.AUG.MIN_SIZES", "()"), r"TEST.AUG.MIN_SIZES=\[\]"),
        (FPN, ("TEST.AUG.IMS_PER_BATCH", "0"), r"TEST.AUG.IMS_PER_BATCH=\[0\]"),
        (FPN, ("TEST.AUG.VOTE_SCORES", "mean"), "TEST.AUG.VOTE_SCORES='mean': choose from keep, average"),
    ],
)
def test_what_cannot_be_is_said(row, opts, message):
    """Each error names the key, its value and the cure."""
    cfg = configured(row, *opts)
    with pytest.raises(ValueError, match=message):
        PaperRCNNWithTTA(cfg, build_model(cfg))
