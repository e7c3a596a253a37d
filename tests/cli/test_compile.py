import json
import os
import subprocess
import sys

import pytest

from charrnn.kernels.jit import CACHE_FOLDER
from charrnn.kinds.config import kinds
from charrnn.storage.checkpoint import load_header

TASKS = list(dict.fromkeys(task for task, _ in kinds()))


@pytest.mark.skipif(CACHE_FOLDER is None, reason="nothing can be cached here")
def test_what_is_compiled_ahead_is_not_compiled_again(invoke, start, tmp_path):
    result = invoke("compile")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines()[-1] == f"compiled kernels are in {CACHE_FOLDER}"
    (tmp_path / "text").write_text("what a cat sat on\n" * 200)
    runs = ("--checkpoints", tmp_path / "runs")
    for words in (("train", tmp_path / "text", "--minutes", 0.01), ("sample", "--length", 5)):
        process = start(*words, *runs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        _, told = process.communicate()
        assert process.returncode == 0
        assert "compiling" not in told


@pytest.mark.parametrize("task", [task for task in TASKS if task != "text"])
def test_every_task_has_an_example_to_compile_for(task, tmp_path):
    from charrnn.cli.compile import SMALL, use

    assert use(tmp_path, task, SMALL) == {}


def test_without_a_cache_there_is_nothing_to_compile_for(start, tmp_path):
    (tmp_path / "file").touch()
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "file")}
    process = start("compile", env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr.read() == (
        "charrnn: error: cannot keep compiled kernels: no cache folder can be written; set NUMBA_CACHE_DIR to one\n"
    )
    assert process.wait() == 1


def test_an_unknown_task_is_told(invoke):
    result = invoke("compile", "--task", "chess")
    assert result.exit_code == 1
    assert result.stderr.startswith("charrnn: error: unknown task 'chess': choose one of text, ")


REHEARSAL = """
import contextlib, json, sys
from charrnn.cli.compile.rehearsal import rehearse
from charrnn.kernels.side_by_side import needed
with contextlib.suppress(Exception):  # numbers that kernels did not write may make no sense
    rehearse(**json.loads(sys.argv[1]))
print(json.dumps([kernel.py_func.__name__ for kernel, _ in needed]))
"""


def test_a_rehearsal_needs_what_its_example_needs(invoke, tmp_path):
    (tmp_path / "text.txt").write_text("what a cat sat on\n" * 200)
    small = ("--hidden-size", 4, "--batch-size", 2, "--seq-length", 4, "--steps", 1, "--no-plan", "--quiet")
    assert invoke("train", tmp_path / "text.txt", "--checkpoints", tmp_path, *small).exit_code == 0
    run = tmp_path / "text"
    train = {"header": load_header(run / "last.safetensors"), "corpus": str(run / "corpus.safetensors")}

    def needed(example):
        environment = os.environ | {"CHARRNN_REHEARSING": "1"}
        command = [sys.executable, "-c", REHEARSAL, json.dumps(example)]
        return json.loads(subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True).stdout)

    sampling = {"matmul", "forward", "choose", "generate_recurrently"}
    training = {"backward", "matmul_transposed", "cross_entropy", "update"}
    assert sampling | training <= set(needed(train))
    found = set(needed({"checkpoint": str(run / "last.safetensors")}))
    assert sampling <= found
    assert not training & found
