import json
import signal
import subprocess
import sys

import pytest
from safetensors.numpy import save_file


@pytest.fixture
def sample(invoke, checkpoints):
    def sample(*arguments, **keywords):
        return invoke("sample", "--checkpoints", checkpoints, *arguments, **keywords)

    return sample


def test_the_text_goes_to_stdout_after_its_seed(sample, checkpoints):
    result = sample("--seed", "the ", "--length", 30, "--rng-seed", 5)
    assert result.exit_code == 0
    assert result.stdout.startswith("the ")
    assert len(result.stdout) == 34
    assert result.stderr == f"drawn from {checkpoints / 'letters' / 'best.safetensors'} with --rng-seed 5\n"


def test_json_says_all_that_draws_it_again(sample):
    first = json.loads(sample("--seed", "the ", "--length", 30, "--temperature", 0.5, "--json").stdout)
    assert (first["seed"], first["length"], first["temperature"]) == ("the ", 30, 0.5)
    again = sample("--seed", "the ", "--length", 30, "--temperature", 0.5, "--rng-seed", first["rng_seed"])
    assert again.stdout == first["text"]


@pytest.mark.parametrize("name", ["--prime", "--primetext", "--start-text"])
def test_other_names_of_seed(sample, name):
    assert sample(name, "the dog", "--length", 0).stdout == "the dog"


def test_a_seed_from_a_file_and_from_stdin(sample, tmp_path):
    (tmp_path / "seed.txt").write_text("the dog\n")
    assert sample("--seed", f"@{tmp_path / 'seed.txt'}", "--length", 0).stdout == "the dog\n"
    assert sample("--seed", "-", "--length", 0, input="the cat\n").stdout == "the cat\n"


def test_a_run_can_be_named_or_given_as_a_file(sample, checkpoints):
    drawn = {
        sample(target, "--rng-seed", 1).stdout for target in ("letters", checkpoints / "letters" / "best.safetensors")
    }
    assert len(drawn) == 1
    assert drawn != {sample(checkpoints / "letters" / "last.safetensors", "--rng-seed", 2).stdout}


def test_bytes_are_written_as_they_are(sample):
    result = sample("bytes", "--seed", "☃", "--length", 50, "--rng-seed", 1)
    assert result.stdout_bytes.startswith("☃".encode())
    assert len(result.stdout_bytes) == 53
    text = json.loads(sample("bytes", "--seed", "☃", "--length", 50, "--rng-seed", 1, "--json").stdout)["text"]
    assert text == result.stdout_bytes.decode("utf-8", "replace")


def test_errors(sample, tmp_path):
    save_file({}, tmp_path / "other.safetensors")
    (tmp_path / "latin").write_bytes(b"\xe9")
    for arguments, message in [
        (["nobody"], "no run or checkpoint 'nobody'"),
        ([tmp_path / "other.safetensors"], "another program wrote it"),
        (["--seed", "the zebra"], "got 'b', 'r', 'z'"),
        (["--seed", f"@{tmp_path / 'none'}"], "cannot read the seed"),
        (["--seed", f"@{tmp_path / 'latin'}"], "the seed must be UTF-8"),
        (["--temperature", "-1"], "temperature must be"),
        (["--length", "-1"], "length must be"),
        (["--checkpoints", tmp_path], "no run in"),
    ]:
        result = sample(*arguments)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert message in result.stderr
        assert result.stderr.startswith("charrnn: error: ")
        assert result.stderr.count("\n") == 1


def test_a_reader_that_has_enough_ends_it_quietly(start, checkpoints):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = start("sample", "--checkpoints", checkpoints, "--length", "10000000", **pipes)
    assert len(process.stdout.read(10)) == 10
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=60) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
def test_an_interrupt_leaves_no_traceback(start, checkpoints):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = start("sample", "--checkpoints", checkpoints, "--length", "100000000", **pipes)
    assert process.stdout.read(1)  # shown long before the end
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.strip() == b""
