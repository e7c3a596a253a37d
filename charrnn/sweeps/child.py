"""Training of a run in its own process, so that a crash affects no other run.

The process is ``charrnn train``. Its standard input is a pipe from its parent. When the pipe ends, the run saves and
stops: the parent closes it to stop the run, and it also ends if the parent is killed.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from charrnn.storage.lock import is_locked
from charrnn.storage.run import Run
from charrnn.sweeps.folder import RunState, SweepFolder
from charrnn.sweeps.planned_run import ORIGIN, PlannedRun
from charrnn.sweeps.values import OWN_OPTIONS
from charrnn.system import out_of_reach

POLL_SECONDS = 0.5
"""Seconds between two checks whether the run should stop."""

STOPPING = ("SIGINT", "SIGTERM", "SIGBREAK")
"""Signals that stop a run; Windows sends the last one to all processes of a console that is closed."""

SAVED_BY_SIGNAL = {128 + int(getattr(signal, name)) for name in STOPPING if hasattr(signal, name)}
"""Exit codes of a run that has saved and stopped because it was asked to."""


@dataclass(frozen=True)
class RunResult:
    """How a run's process ended, and why if it failed; "waiting" if it never started."""

    state: RunState
    why: str = ""


def train_run(run: PlannedRun, folder: Path, threads: int, stopped: Callable[[], bool]) -> RunResult:
    """Train a run to its end, from its last checkpoint if there is one.

    Args:
        run: the run.
        folder: the sweep's folder.
        threads: number of threads, unless the run's options give one.
        stopped: returns whether to save and stop.
    """
    sweep = SweepFolder(folder)

    def asked() -> bool:
        return stopped() or run.name in sweep.pruned()

    while (folder / run.name).is_dir() and is_locked(
        folder / run.name
    ):  # its last process is still saving, or another one trains it
        if asked():
            return RunResult("waiting")
        time.sleep(POLL_SECONDS)
    if stopped():
        return RunResult("waiting")
    sweep.lend_text(run)
    with tempfile.TemporaryFile() as errors:
        code = _follow(command_of(run, folder, threads), errors, asked)
        errors.seek(0)
        result = _result(code, errors.read().decode(errors="replace"))
    sweep.keep_text(run)
    return RunResult("pruned") if result.state == "cut" and run.name in sweep.pruned() else result


def command_of(run: PlannedRun, folder: Path, threads: int) -> list[str]:
    """Build the run's command line, with --no-plan so that runs differ only in their options."""
    resume = "--resume" if Run(folder / run.name).last.is_file() else "--overwrite"
    options = {"threads": threads, **run.options, "name": run.name, "checkpoints": folder.resolve()}
    if resume == "--resume":  # a resumed run has its own weights
        options.pop(ORIGIN, None)
    words = [
        f"--{name}" if value is True else f"--{name}={value}" for name, value in options.items() if value is not False
    ]
    return [
        sys.executable,
        "-m",
        "charrnn",
        "train",
        *run.sources,
        *words,
        resume,
        "--no-plan",
        "--no-preview",
        "--until-eof",
        "--quiet",
    ]


def _follow(command: list[str], errors: IO[bytes], stopped: Callable[[], bool]) -> int:
    """Start the process, stop it when ``stopped``, and return its exit code."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        env=_environment(),
        **out_of_reach(),  # Ctrl-C reaches only the sweep, which stops its runs
    )
    assert process.stdin
    try:
        while True:
            try:
                return process.wait(POLL_SECONDS)
            except subprocess.TimeoutExpired:
                if stopped():
                    break
    finally:
        process.stdin.close()
        code = process.wait()
    return code


def _environment() -> dict[str, str]:
    """Return the environment without the variables that would set a run's options."""
    names = [f"CHARRNN_{part}{name}" for name in (*OWN_OPTIONS, ORIGIN) for part in ("", "TRAIN_")]
    own = {name.replace("-", "_").upper() for name in names}
    return {name: value for name, value in os.environ.items() if name not in own}


def _result(code: int, errors: str) -> RunResult:
    if code == 0:
        return RunResult("done")
    if code in SAVED_BY_SIGNAL:
        return RunResult("cut")
    if code < 0:
        hint = "; the machine may have run out of memory" if code == -signal.SIGKILL else ""
        return RunResult("failed", f"its process was killed by {signal.Signals(-code).name}{hint}")
    lines = errors.split("\n")
    told = next((line for line in reversed(lines) if re.match("(charrnn: e|E)rror: ", line)), lines[-1])
    return RunResult("failed", told.removeprefix("charrnn: error: ").removeprefix("Error: ") or f"exit code {code}")
