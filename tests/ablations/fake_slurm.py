"""A stand-in for Slurm's programs: `sbatch`, `srun`, `sacct`, `scontrol` and `scancel` in a folder of one's own.

Tasks run for real, all at once, as processes of this machine. `$FAKE_SLURM` holds what was submitted (`<id>.sh`), each
task's process id (`<task>.pid`), state (`<task>.state`) and starts (`<task>.starts`).
"""

import os
import signal
import stat
import sys
import textwrap
from pathlib import Path

PROGRAMS = ("sbatch", "srun", "sacct", "scontrol", "scancel")

SOURCE = """
import os, re, signal, subprocess, sys
from pathlib import Path

state, words = Path(os.environ["FAKE_SLURM"]), sys.argv[1:]


def start(task):
    job, _, index = task.partition("_")
    env = {**os.environ, "SLURM_JOB_ID": job, "FAKE_TASK": task, "SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1"}
    if index:
        env |= {"SLURM_ARRAY_JOB_ID": job, "SLURM_ARRAY_TASK_ID": index}
    (state / f"{task}.state").write_text("RUNNING")
    with open(state / f"{task}.starts", "a") as file:
        file.write("x")
    starts = (state / f"{task}.starts").read_text()
    runner = f"bash {state}/{job}.sh && s=COMPLETED || s=FAILED; "
    # What a requeued task ends with is not the job's state.
    runner += f"[ $(cat {state}/{task}.starts) = {starts} ] && echo $s > {state}/{task}.state"
    subprocess.Popen(
        ["bash", "-c", runner], env=env, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )


def sbatch(script):
    text = Path(script).read_text()
    if "partition=nowhere" in text:
        sys.exit("sbatch: error: invalid partition specified: nowhere")
    job = str(len(list(state.glob("*.sh"))) + 1)
    (state / f"{job}.sh").write_text(text)
    array = re.search("--array=0-([0-9]+)%", text)
    for task in [f"{job}_{n}" for n in range(int(array[1]) + 1)] if array else [job]:
        if (state / "HOLD").exists():
            (state / f"{task}.state").write_text("PENDING")
        else:
            start(task)
    print(f"Submitted batch job {job}")


def srun(*words):
    options = dict(zip(words, words[1:]))
    task = os.environ["FAKE_TASK"]
    job, _, index = task.partition("_")
    place = lambda name: options[name].replace("%A", job).replace("%a", index).replace("%j", job).replace("%t", "0")
    command = words[words.index("-m") - 2 :]
    with open(place("--output"), "a") as out, open(place("--error"), "a") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err)
    (state / f"{task}.pid").write_text(str(process.pid))
    sys.exit(process.wait() % 256)


def sacct(*words):
    print("JobID|State|NodeList")
    for path in sorted(state.glob("*.state")):
        print(f"{path.stem}|{path.read_text().strip()}|node1")


def scontrol(verb, task):
    assert verb == "requeue", verb
    (state / f"{task}.state").write_text("REQUEUED")
    start(task)


def scancel(*words):
    with open(state / "cancelled", "a") as file:
        file.write(" ".join(words) + "\\n")


globals()[Path(sys.argv[0]).name](*words)
"""


def install(folder: Path) -> Path:
    """Write the programs into `folder/bin`, which the caller puts on the PATH; returns the state folder."""
    (folder / "bin").mkdir(parents=True)
    state = folder / "state"
    state.mkdir()
    for name in PROGRAMS:
        path = folder / "bin" / name
        path.write_text(f"#!{sys.executable} -S\n{textwrap.dedent(SOURCE)}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return state


def preempt(state: Path, task: str) -> None:
    """Announce to a running task, as Slurm does, that its node is needed."""
    os.kill(int((state / f"{task}.pid").read_text()), signal.SIGUSR2)


def script_options(state: Path, job: int = 1) -> dict[str, str]:
    """Options of sbatch in the script that was submitted."""
    lines = (state / f"{job}.sh").read_text().splitlines()
    options = (line.removeprefix("#SBATCH --").partition("=") for line in lines if line.startswith("#SBATCH --"))
    return {key: value for key, _, value in options}
