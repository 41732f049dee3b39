"""The options of `run`, and the launcher that they ask for."""

import argparse
import sys

import pytest

from ablations.__main__ import add_launch_options
from ablations.jobs import launcher as launching
from ablations.jobs.local import LocalLauncher
from ablations.jobs.slurm import SlurmLauncher
from tests.ablations import fakes


def parse(tmp_path, words):
    """Arguments of these words."""
    parser = argparse.ArgumentParser()
    add_launch_options(parser)
    return argparse.Namespace(output=str(tmp_path), scale="mini", **vars(parser.parse_args(words.split())))


@pytest.fixture
def cluster(monkeypatch):
    """A machine from which jobs can be submitted."""
    monkeypatch.setattr(launching.shutil, "which", lambda name: f"/usr/bin/{name}")


def test_jobs_run_here_by_default(tmp_path, monkeypatch):
    """On the GPUs that are visible."""
    monkeypatch.setattr(launching, "visible_devices", lambda: ("0", "1", "2"))
    launcher = launching.make_launcher(parse(tmp_path, ""), {})
    assert isinstance(launcher, LocalLauncher)
    assert launcher.workers == 3
    assert launching.make_launcher(parse(tmp_path, "--gpus-per-job 3"), {}).workers == 1
    assert launching.make_launcher(parse(tmp_path, "--jobs 2 --timeout-min 5"), {}).timeout_min == 5


def test_slurm_gets_what_was_asked_for(tmp_path, cluster):
    """Each option; what is not given has its default."""
    words = "--launcher slurm --jobs 4 --partition gpu --gpus-per-job 8 --cpus-per-job 64 --mem-gb 200.5"
    launcher = launching.make_launcher(parse(tmp_path, f"{words} --slurm account=a exclusive=true constraint=x=y"), {})
    options = {"account": "a", "exclusive": True, "constraint": "x=y"}
    asked = {"slurm_partition": "gpu", "timeout_min": 240, "gpus_per_node": 8, "cpus_per_task": 64, "mem_gb": 200.5}
    asked |= {"slurm_additional_parameters": options, "slurm_array_parallelism": 4}
    assert isinstance(launcher, SlurmLauncher)
    assert launcher.asked == asked
    assert launcher.limit == 4
    asked = launching.make_launcher(parse(tmp_path, "--launcher slurm"), {}).asked
    given = {name: value for name, value in asked.items() if value is not None}
    assert given == {"timeout_min": 240, "gpus_per_node": 1}


@pytest.mark.parametrize("gpus, cores", [(1, 5), (8, 40), (0, 5)])
def test_a_job_in_slurm_has_five_cores_a_gpu(tmp_path, cluster, gpus, cores):
    """Those of a loader's workers and of the training process, where nothing else is asked for."""
    launcher = launching.make_launcher(parse(tmp_path, f"--launcher slurm --gpus-per-job {gpus}"), {})
    assert f" cpus_per_task={cores} " in launcher.describe(fakes.job(tmp_path, "job"))


@pytest.mark.parametrize(
    "words, message",
    [
        ("--launcher k8s", "--launcher k8s: choose from local, slurm"),
        ("--jobs 0", "--jobs 0: must be at least 1"),
        ("--launcher slurm --jobs 0", "--jobs 0: must be at least 1"),
        ("--partition gpu --mem-gb 3", "--partition, --mem-gb without --launcher slurm: leave it out, or add that"),
        ("--timeout-min 0", "--timeout-min 0: must be at least 1"),
        ("--launcher slurm --timeout-min 0", "--timeout-min 0: must be at least 1"),
        ("--launcher slurm --gpus-per-job -1", "--gpus-per-job -1: must be at least 0"),
        ("--launcher slurm --slurm account", "--slurm 'account': give KEY=VALUE, such as account=vision"),
    ],
)
def test_options_that_cannot_be_met_are_errors(tmp_path, cluster, words, message):
    """They name the option, the value and the cure."""
    with pytest.raises(ValueError, match=message):
        launching.make_launcher(parse(tmp_path, words), {})


def test_without_submitit_the_cure_is_named(tmp_path, monkeypatch, cluster):
    """It is optional."""
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(ImportError, match="needs submitit, which is not installed: pip install submitit"):
        launching.make_launcher(parse(tmp_path, "--launcher slurm"), {})


def test_without_slurm_the_cure_is_named(tmp_path, monkeypatch):
    """A machine from which nothing can be submitted."""
    monkeypatch.setattr(launching.shutil, "which", lambda name: None)
    with pytest.raises(ValueError, match="no sbatch and srun on the PATH; run it where the cluster takes jobs"):
        launching.make_launcher(parse(tmp_path, "--launcher slurm"), {})
