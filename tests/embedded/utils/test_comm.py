import pytest
from detectron2.utils import comm


def test_single_process():
    """Without a process group there is one process, which is the main one."""
    assert (comm.get_world_size(), comm.get_rank(), comm.get_local_rank(), comm.get_local_size()) == (
        1,
        0,
        0,
        1,
    )
    assert comm.is_main_process()
    assert comm.synchronize() is None
    assert comm.gather("x") == comm.all_gather("x") == ["x"]


def test_shared_random_seed_follows_the_global_seed(monkeypatch):
    """The seed is drawn from numpy's generator and lies in [0, 2**31)."""
    monkeypatch.setattr("numpy.random.randint", lambda high: high - 1)
    assert comm.shared_random_seed() == 2**31 - 1


def test_local_group_needs_equal_machines(monkeypatch):
    """Processes that do not fill machines evenly are refused."""
    monkeypatch.setattr(comm, "get_world_size", lambda: 3)
    with pytest.raises(ValueError, match="3 processes cannot be split into machines of 2"):
        comm.create_local_process_group(2)
