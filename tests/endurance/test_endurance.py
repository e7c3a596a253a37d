"""A few rounds of each trial."""

import contextlib
import subprocess
import sys

import pytest

from charrnn.storage.checkpoint import load_checkpoint
from charrnn.storage.run import Run
from endurance import kills, signals
from endurance.runs import start, write_text

mutations = pytest.importorskip("endurance.mutations", reason="Windows has no limits of memory")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_run_killed_at_random_moments_ends_as_one_that_was_not(tmp_path):
    assert kills.check(tmp_path, 2, steps=40, seconds=(1.0, 3.0)) >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which signals a process handles")
def test_a_command_interrupted_at_random_moments_ends_so(tmp_path):
    assert signals.check(tmp_path, 16, seconds=1.0)[130] >= 1


def test_a_damaged_checkpoint_is_refused_or_read_as_before(tmp_path):
    seen = mutations.check(tmp_path, 1000)
    assert {name.split()[0] for name in seen} == {damage.__name__ for damage in mutations.DAMAGES + mutations.FORGERIES}


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 300 kB, where one can be had."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", folder]
    try:
        made = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        made = False
    if not made:
        pytest.skip("no file system may be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def finish(process):
    """The exit code, and what was written to standard error."""
    _, errors = process.communicate()
    return process.returncode, errors


def test_on_a_disk_that_fills_up_the_last_checkpoint_is_whole_and_the_run_can_go_on(small_disk, tmp_path):
    text = write_text(tmp_path)
    assert finish(start(text, small_disk, "--steps", 4, "--save-every", 1)) == (0, "")
    run = Run(small_disk / text.stem)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(1000))
    exit_code, errors = finish(start(text, small_disk, "--steps", 8, "--save-every", 1))
    assert exit_code == 1
    assert "No space left on device; free some space" in errors
    assert len(errors.splitlines()) == 1
    assert load_checkpoint(run.last).header["progress"]["step"] == 4
    filler.unlink()
    assert finish(start(text, small_disk, "--steps", 8)) == (0, "")
    assert load_checkpoint(run.last).header["progress"]["step"] == 8
