"""What commands read and write in a system whose encoding is not UTF-8."""

import os
import subprocess

import pytest

SMALL = ("--hidden-size", 8, "--batch-size", 8, "--seq-length", 20, "--threads", 1, "--no-plan")

TEXT = "der Bär aß Öl – naïve «Krähe»\n" * 60


@pytest.fixture
def runs(start, tmp_path):
    (tmp_path / "bär.txt").write_text(TEXT, encoding="utf-8")
    folder = tmp_path / "runs"
    assert start("train", tmp_path / "bär.txt", *SMALL, "--steps", 2, "--quiet", "--checkpoints", folder).wait() == 0
    return folder


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii", "utf-8"])
def test_pipes_are_utf_8_whatever_the_code_page(start, runs, encoding):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}

    def shown(*arguments, given=b""):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "env": environment}
        process = start("sample", "--checkpoints", runs, "--rng-seed", 1, "--length", 20, *arguments, **pipes)
        return process.communicate(given)[0].decode("utf-8")

    text = shown("--seed", "-", given="Bär".encode())
    assert text.startswith("Bär")
    lines = shown("--seed", "-", "--probabilities", given="Bär".encode()).splitlines()
    assert "".join(line.split("\t")[0][1:-1] for line in lines[-20:]).replace("\\n", "\n") == text[3:].rstrip("\n")
    assert "error" not in shown("--interactive", given="Bär\n".encode())
