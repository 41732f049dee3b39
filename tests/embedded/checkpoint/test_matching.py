from detectron2.checkpoint.matching import match_by_suffix, summarise


def test_longest_suffix_wins():
    """Of two checkpoint keys that end a model key, the longer one fills it."""
    assert match_by_suffix(["m.a.conv.weight"], ["conv.weight", "a.conv.weight"]) == {
        "m.a.conv.weight": "a.conv.weight"
    }


def test_suffixes_begin_at_dots():
    """A key is not matched in the middle of a name."""
    assert match_by_suffix(["xconv1.weight", "stem.conv1.bias"], ["conv1.weight", "tem.conv1.bias"]) == {}


def test_every_place_of_a_backbone():
    """The same file fills a plain backbone, one under an FPN, and res5 in the RoI heads."""
    keys = ["backbone.res4.0.w", "backbone.bottom_up.res4.0.w", "roi_heads.res5.0.w", "res4.0.w", "head.w"]
    found = match_by_suffix(keys, ["res4.0.w", "res5.0.w"])
    assert found == {
        "backbone.res4.0.w": "res4.0.w",
        "backbone.bottom_up.res4.0.w": "res4.0.w",
        "roi_heads.res5.0.w": "res5.0.w",
        "res4.0.w": "res4.0.w",
    }
    assert summarise(found) == [
        "res4.*  ->  backbone.res4.* (1 tensors)",
        "res4.*  ->  backbone.bottom_up.res4.* (1 tensors)",
        "res5.*  ->  roi_heads.res5.* (1 tensors)",
        "res4.*  ->  res4.* (1 tensors)",
    ]
