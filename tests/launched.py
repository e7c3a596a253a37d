"""Processes that MPI starts, for tests of distributed training."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

MPIRUN = shutil.which("mpirun", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))

with_mpi = pytest.mark.skipif(
    MPIRUN is None or importlib.util.find_spec("mpi4py") is None,
    reason="mpi4py or mpirun is missing: pip install mpi4py mpich",
)

ANYWHERE = {  # Open MPI refuses to start more processes than cores, and to be started by root
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


def start(processes, *words):
    """Start Python with these words in so many processes."""
    command = [MPIRUN, "-n", str(processes), sys.executable, *map(str, words)]
    environment = {**os.environ, **ANYWHERE}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def launch(processes, *words):
    """Start Python with these words in so many processes and wait; returns exit code, stdout and stderr."""
    with start(processes, *words) as launched:
        out, err = launched.communicate(timeout=300)
    return launched.returncode, out, err


def train_in(processes, *words):
    """Train with ``charrnn train --distributed``; returns exit code, events and stderr."""
    code, out, err = launch(processes, "-m", "charrnn", "train", *words, "--distributed", "--json")
    own = err.partition(f"{'-' * 74}\n")[0]  # Open MPI adds lines of its own after an error
    told = [line for line in own.splitlines(keepends=True) if not line.startswith("compiling kernels")]
    return code, [json.loads(line) for line in out.splitlines()], "".join(told)


def is_open_mpi():
    """Whether mpirun is Open MPI's."""
    return "Open MPI" in subprocess.run([MPIRUN, "--version"], capture_output=True, text=True, check=True).stdout


def kill_rank(launched, rank):
    """Kill one of the processes that ``start`` has started."""
    [found] = [pid for pid in _below(launched.pid) if _rank_of(pid) == str(rank)]
    os.kill(found, signal.SIGKILL)


def _below(pid):
    """All processes below another one."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in children for each in (int(child), *_below(child))]


def _rank_of(pid):
    """The rank that MPI has given to a process, if it is Python."""
    if Path(f"/proc/{pid}/exe").resolve() != Path(sys.executable).resolve():
        return None
    variables = dict(
        entry.partition("=")[::2] for entry in Path(f"/proc/{pid}/environ").read_text().split("\0") if entry
    )
    return variables.get("PMI_RANK") or variables.get("OMPI_COMM_WORLD_RANK")
