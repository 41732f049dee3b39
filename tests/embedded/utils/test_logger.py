import logging

import pytest
from detectron2.utils.logger import log_every_n_seconds, setup_logger


@pytest.fixture
def name(request):
    """A logger of its own for each test, without handlers afterwards."""
    name = f"test_logger.{request.node.name}"
    yield name
    logger = logging.getLogger(name)
    for handler in logger.handlers[:]:
        handler.close()
        logger.removeHandler(handler)


def test_terminal_and_file(tmp_path, name, capsys):
    """A message appears once on the terminal and once in log.txt, however often the logger is set up."""
    for _ in range(2):
        logger = setup_logger(str(tmp_path), name=name, abbrev_name="t", color=False)
    logging.getLogger(name + ".part").warning("hello")
    out = capsys.readouterr().out
    assert out.count("hello") == 1
    assert "] t.part WARNING: hello" in out
    assert (tmp_path / "log.txt").read_text() == out
    assert logger.level == logging.DEBUG


def test_colours(name, capsys, monkeypatch):
    """With colours, the prefix is coloured and a warning is marked before it; the message stays plain."""
    monkeypatch.setattr("detectron2.utils.logger.colored", lambda text, colour, **kwargs: f"<{colour} {text}>")
    setup_logger(name=name, abbrev_name="t").warning("careful")
    out = capsys.readouterr().out
    assert out.startswith("<red WARNING> <green [")
    assert out.endswith(" t]: >careful\n")


def test_other_ranks(tmp_path, name, capsys):
    """Ranks above 0 write to a file of their own and not to the terminal."""
    setup_logger(str(tmp_path / "run.log"), distributed_rank=2, name=name).info("from two")
    assert capsys.readouterr().out == ""
    assert "from two" in (tmp_path / "run.log.rank2").read_text()


def test_new_folder_adds_no_second_terminal(tmp_path, name, capsys):
    """Setting up another folder adds its file only."""
    setup_logger(str(tmp_path / "a"), name=name)
    setup_logger(str(tmp_path / "b"), name=name).info("once")
    assert capsys.readouterr().out.count("once") == 1
    assert "once" in (tmp_path / "a" / "log.txt").read_text()
    assert "once" in (tmp_path / "b" / "log.txt").read_text()


def test_every_n_seconds(caplog, monkeypatch):
    """A line logs again once n seconds have passed."""
    clock = iter([0.0, 1.0, 2.5, 3.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with caplog.at_level(logging.INFO):
        for i in range(4):
            log_every_n_seconds(logging.INFO, str(i), n=2)
    assert caplog.messages == ["0", "2"]
