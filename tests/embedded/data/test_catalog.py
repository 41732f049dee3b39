import copy

import pytest
from detectron2.data import DatasetCatalog, MetadataCatalog
from detectron2.data.catalog import Metadata


def test_registered_function_is_called_at_every_get():
    """A dataset is loaded by its function, and gone after `remove`."""
    DatasetCatalog.register("catalog_test", lambda: [{"image_id": 1}])
    assert "catalog_test" in DatasetCatalog.list()
    assert DatasetCatalog.get("catalog_test") == [{"image_id": 1}]
    DatasetCatalog.remove("catalog_test")
    assert "catalog_test" not in DatasetCatalog


def test_pop_returns_the_function():
    """`pop` forgets a dataset and hands back how it was loaded."""
    load = list
    DatasetCatalog.register("catalog_test", load)
    assert DatasetCatalog.pop("catalog_test") is load
    assert "catalog_test" not in DatasetCatalog.list()


def test_unknown_name_lists_the_known_ones():
    """The error of a wrong name shows it and what there is."""
    with pytest.raises(KeyError, match="'coco_2017_trian' is not registered: choose from .*coco_2017_train"):
        DatasetCatalog.get("coco_2017_trian")


def test_name_cannot_be_registered_twice():
    """A second dataset of the same name is refused, and so is one without a function."""
    with pytest.raises(ValueError, match="'coco_2017_train' is already registered"):
        DatasetCatalog.register("coco_2017_train", list)
    with pytest.raises(ValueError, match="register it with a function, not with list"):
        DatasetCatalog.register("catalog_test", [])


def test_metadata_is_one_object_per_name():
    """What one caller sets, another gets."""
    MetadataCatalog.get("catalog_test").set(thing_classes=["a"], evaluator_type="coco")
    try:
        assert MetadataCatalog.get("catalog_test").thing_classes == ["a"]
        assert "catalog_test" in MetadataCatalog.list()
    finally:
        MetadataCatalog.remove("catalog_test")
    assert MetadataCatalog.get("catalog_test").as_dict() == {"name": "catalog_test"}
    MetadataCatalog.remove("catalog_test")


def test_metadata_value_cannot_change():
    """Setting an equal value again is fine, another value is an error that shows both."""
    meta = Metadata("d").set(thing_classes=["a"])
    meta.thing_classes = ["a"]
    with pytest.raises(ValueError, match=r"'thing_classes' is \['a'\], not \['b'\]"):
        meta.thing_classes = ["b"]


def test_missing_metadata():
    """A missing attribute raises an AttributeError that lists the others; `get` has a default."""
    meta = Metadata("d").set(json_file="x")
    with pytest.raises(AttributeError, match="dataset 'd' has no metadata 'classes': name, json_file"):
        meta.classes  # noqa: B018
    assert meta.get("classes", 3) == 3
    assert copy.deepcopy(meta).as_dict() == {"name": "d", "json_file": "x"}


def test_metadata_needs_a_name():
    """The empty name has no metadata."""
    with pytest.raises(ValueError, match="needs the name of a dataset"):
        MetadataCatalog.get("")
