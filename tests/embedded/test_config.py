"""The config tree, its errors, and objects built from it."""

import pytest
from detectron2.config import CfgNode, configurable, get_cfg


def write(folder, name, text):
    path = folder / name
    path.write_text(text)
    return str(path)


def test_get_cfg_returns_independent_trees():
    """Changing one default config does not change the next, nested lists and nodes included."""
    first = get_cfg()
    first.MODEL.ANCHOR_GENERATOR.SIZES[0].append(1024)
    first.MODEL.RPN.NMS_THRESH = 0.1
    second = get_cfg()
    assert second.MODEL.ANCHOR_GENERATOR.SIZES == [[32, 64, 128, 256, 512]]
    assert second.MODEL.RPN.NMS_THRESH == 0.7
    assert second.MODEL.ROI_BOX_HEAD.POOLER_TYPE == second.MODEL.ROI_MASK_HEAD.POOLER_TYPE == "ROIAlignV2"


def test_a_frozen_tree_refuses_changes():
    """After freeze() assignments fail; a clone can be thawed."""
    cfg = get_cfg()
    cfg.freeze()
    with pytest.raises(AttributeError, match="immutable"):
        cfg.MODEL.MASK_ON = True
    clone = cfg.clone()
    clone.defrost()
    clone.MODEL.MASK_ON = True
    assert clone.MODEL.MASK_ON
    assert not cfg.MODEL.MASK_ON


def test_dump_reads_back_as_the_same_config(tmp_path):
    """A dumped config merges into the defaults to give itself."""
    cfg = get_cfg()
    cfg.merge_from_list(["SOLVER.STEPS", "(10, 20)", "MODEL.MASK_ON", "True", "DATASETS.TRAIN", "('a',)"])
    other = get_cfg()
    other.merge_from_file(write(tmp_path, "dumped.yaml", cfg.dump()))
    assert other == cfg
    assert other.SOLVER.STEPS == (10, 20)


def test_files_inherit_from_several_bases(tmp_path):
    """Later bases override earlier ones, and the file itself overrides all."""
    write(tmp_path, "a.yaml", "SOLVER: {BASE_LR: 0.1, GAMMA: 0.5, MAX_ITER: 7}")
    write(tmp_path, "b.yaml", "SOLVER: {GAMMA: 0.6, MAX_ITER: 8}")
    cfg = get_cfg()
    cfg.merge_from_file(write(tmp_path, "c.yaml", "_BASE_: [a.yaml, b.yaml]\nSOLVER: {MAX_ITER: 9}"))
    assert (cfg.SOLVER.BASE_LR, cfg.SOLVER.GAMMA, cfg.SOLVER.MAX_ITER) == (0.1, 0.6, 9)


def test_python_tags_need_allow_unsafe(tmp_path):
    """Tags that evaluate Python work with allow_unsafe, the default, and are refused without."""
    path = write(tmp_path, "tag.yaml", "SOLVER:\n  STEPS: !!python/object/apply:eval ['(1, 2)']")
    cfg = get_cfg()
    cfg.merge_from_file(path)
    assert cfg.SOLVER.STEPS == (1, 2)
    with pytest.raises(ValueError, match="tag.yaml.*python"):
        get_cfg().merge_from_file(path, allow_unsafe=False)


def test_an_unknown_key_is_named_with_its_file_and_the_nearest_key(tmp_path):
    """The file that spells the key is named, not the one that inherits it."""
    write(tmp_path, "base.yaml", "SOLVER: {BASE_RL: 0.1}")
    path = write(tmp_path, "row.yaml", "_BASE_: base.yaml\nSOLVER: {MAX_ITER: 1}")
    with pytest.raises(KeyError, match="'SOLVER.BASE_RL' in .*base.yaml.*did you mean 'SOLVER.BASE_LR'"):
        get_cfg().merge_from_file(path)


def test_an_upstream_key_asks_for_upstream(tmp_path):
    """Keys of detectron2 that the core lacks ask for detectron2, from files too."""
    path = write(tmp_path, "semantic.yaml", "MODEL: {SEM_SEG_HEAD: {NUM_CLASSES: 3}}")
    with pytest.raises(KeyError, match="MODEL.SEM_SEG_HEAD.*semantic.yaml.*install detectron2"):
        get_cfg().merge_from_file(path)


def test_keys_added_by_a_plugin_are_known(tmp_path):
    """A node added to the config can be merged from files and overrides."""
    cfg = get_cfg()
    cfg.MODEL.POOL = CfgNode({"NAME": "ave"})
    cfg.merge_from_file(write(tmp_path, "pool.yaml", "MODEL: {POOL: {NAME: max}}"))
    assert cfg.MODEL.POOL.NAME == "max"
    cfg.merge_from_list(["MODEL.POOL.NAME", "ave"])
    assert cfg.MODEL.POOL.NAME == "ave"


def test_nodes_that_allow_new_keys_take_them(tmp_path):
    """`new_allowed` nodes accept unknown keys."""
    cfg = CfgNode(new_allowed=True)
    cfg.merge_from_file(write(tmp_path, "new.yaml", "A: {B: 1}"))
    assert cfg.A.B == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- 1\n- 2\n", "not a YAML mapping"),
        ("", "not a YAML mapping"),
        ("a: [1,\nb", "not valid YAML"),
        ("MODEL:\n", "'MODEL': None is not a mapping"),
        ("_BASE_: bad.yaml", "inherits from itself"),
        ("SOLVER: {MAX_ITER: many}", "MAX_ITER"),
        ("VERSION: 1", "install detectron2"),
    ],
)
def test_wrong_files_give_one_line(tmp_path, text, message):
    """A wrong file is a ValueError of one line that names the file."""
    with pytest.raises(ValueError, match=message) as caught:
        get_cfg().merge_from_file(write(tmp_path, "bad.yaml", text))
    assert "bad.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_or_base_is_named(tmp_path):
    """FileNotFoundError names the missing file."""
    with pytest.raises(FileNotFoundError, match="nowhere.yaml"):
        get_cfg().merge_from_file(str(tmp_path / "nowhere.yaml"))
    with pytest.raises(FileNotFoundError, match="gone.yaml"):
        get_cfg().merge_from_file(write(tmp_path, "row.yaml", "_BASE_: gone.yaml"))


def test_wrong_overrides_are_named():
    """Odd length, unknown keys and wrong types each say what is wrong."""
    with pytest.raises(ValueError, match="odd length"):
        get_cfg().merge_from_list(["SOLVER.BASE_LR"])
    with pytest.raises(KeyError, match="'SOLVER.BASE_RL' in the KEY VALUE overrides"):
        get_cfg().merge_from_list(["SOLVER.BASE_RL", "0.1"])
    with pytest.raises(KeyError, match="SOLVER.MAX_ITER.X"):
        get_cfg().merge_from_list(["SOLVER.MAX_ITER.X", "1"])
    with pytest.raises(ValueError, match="SOLVER.MAX_ITER"):
        get_cfg().merge_from_list(["SOLVER.MAX_ITER", "many"])


class Head:
    """Takes its arguments as they are, or from a config."""

    @configurable
    def __init__(self, dim, *, norm="", scale=1):
        self.args = (dim, norm, scale)

    @classmethod
    def from_config(cls, cfg, scale=2):
        return {"dim": cfg.DIM, "norm": cfg.NORM, "scale": scale * 10}


CFG = CfgNode({"DIM": 4, "NORM": "BN"})


def test_explicit_arguments_bypass_the_config():
    """Without a config, __init__ is called as it stands."""
    assert Head(3, norm="GN").args == (3, "GN", 1)


def test_a_config_goes_through_from_config():
    """First positional argument or keyword `cfg`."""
    assert Head(CFG).args == Head(cfg=CFG).args == (4, "BN", 20)


def test_arguments_are_split_between_from_config_and_overrides():
    """What from_config names is given to it; the rest overrides its result."""
    assert Head(CFG, scale=3, norm="GN").args == (4, "GN", 30)
    assert Head(CFG, 3, dim=5).args == (5, "BN", 30)


def test_subclasses_bring_their_own_from_config():
    """from_config is looked up on the class of the object."""

    class Wide(Head):
        @classmethod
        def from_config(cls, cfg):
            return {"dim": cfg.DIM * 2}

    assert Wide(CFG, scale=5).args == (8, "", 5)


def test_from_config_with_var_keywords_gets_everything():
    """A from_config that takes **kwargs decides about all arguments."""

    class Open(Head):
        @classmethod
        def from_config(cls, cfg, **kwargs):
            return {"dim": cfg.DIM, "norm": ",".join(kwargs)}

    assert Open(CFG, scale=5).args == (4, "scale", 1)


def test_functions_are_configurable():
    """A function has its from_config given to the decorator, and keeps it as an attribute."""

    @configurable(from_config=lambda cfg, size: {"a": cfg.DIM, "b": size})
    def build(a, b=2, c=3):
        return a, b, c

    assert build(1, c=5) == (1, 2, 5)
    assert build(CFG, 7, c=9) == (4, 7, 9)
    assert build(size=7, cfg=CFG) == (4, 7, 3)
    assert build.from_config(CFG, 1) == {"a": 4, "b": 1}
    assert build.__name__ == "build"


def test_wrong_uses_of_configurable_are_named():
    """No from_config, one that is no classmethod, one without cfg, and other decorated things."""

    class Without:
        @configurable
        def __init__(self, a): ...

    class NoClassMethod(Without):
        def from_config(self, cfg): ...

    class NoCfg(Without):
        @classmethod
        def from_config(cls, config): ...

    with pytest.raises(AttributeError, match="Without.*from_config"):
        Without(CFG)
    with pytest.raises(TypeError, match="NoClassMethod.from_config must be a classmethod"):
        NoClassMethod(CFG)
    with pytest.raises(TypeError, match="NoCfg.*'cfg'"):
        NoCfg(CFG)
    with pytest.raises(TypeError, match="__init__"):
        configurable(write)
