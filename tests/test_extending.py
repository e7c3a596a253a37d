"""The package of docs/extending.md, installed by pip: its parts are used like ours."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from charrnn.kernels.jit import CACHE_FOLDER

GUIDE = Path(__file__).parent.parent / "docs" / "extending.md"
SMALL = ["--hidden-size", "8", "--batch-size", "4", "--seq-length", "10", "--no-plan", "--quiet", "--threads", "1"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder into which the package was installed."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for text in re.findall(r"```(?:toml|python)\n# (.*?)\n```", GUIDE.read_text(), re.DOTALL):
        name, _, content = text.partition("\n")
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(content + "\n")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", target, source], check=True)
    return target


@pytest.fixture
def charrnn(installed, tmp_path):
    (tmp_path / "text.txt").write_text("a cat sat on the mat, and the rat ate that.\n" * 30)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])}

    def run(*words):
        command = [sys.executable, "-W", "error", "-m", "charrnn", *map(str, words)]
        result = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    return run


def checkpoint(folder, name):
    return (folder / "checkpoints" / name / "last.safetensors").read_bytes()


def test_parts_of_another_package_are_offered_with_their_options(charrnn):
    shown = " ".join(charrnn("train", "--help").split())
    assert re.search(r"--cell \[[^]]*\|ugrnn\]", shown)
    assert re.search(r"--optimizer \[[^]]*lion[^]]*\]", shown)
    assert re.search(r"--model \[[^]]*unigram[^]]*\]", shown)
    assert "--update-bias FLOAT Bias of the update gates to start from. [default: 1 (ugrnn)]" in shown
    assert "[default: 0.9 (adam, lion)]" in shown
    assert "--added FLOAT" in shown


def test_a_cell_and_an_optimizer_train_save_resume_and_sample(charrnn, tmp_path):
    options = ["--cell", "ugrnn", "--optimizer", "lion", "--update-bias", "2", "--beta1", "0.8", *SMALL]
    charrnn("train", "text.txt", "--name", "whole", "--steps", "30", *options)
    charrnn("train", "text.txt", "--name", "parts", "--steps", "20", "--schedule", "constant", *options)
    charrnn("train", "text.txt", "--name", "once", "--steps", "40", "--schedule", "constant", *options)
    charrnn("train", "--resume", "--name", "parts", "--steps", "40", "--quiet", "--threads", "2")
    assert checkpoint(tmp_path, "parts") == checkpoint(tmp_path, "once")
    text = charrnn("sample", "whole", "--seed", "the ", "--length", "40", "--rng-seed", "1")
    assert text.startswith("the ")
    assert len(text.rstrip("\n")) == 44
    held = json.loads(charrnn("info", "whole", "--json"))
    assert (held["config"]["update_bias"], held["settings"]["beta1"]) == (2.0, 0.8)
    assert "bits per character" in charrnn("eval", "whole", "text.txt")


def test_the_check_of_a_cells_gradient_passes(installed):
    [program] = re.findall(r"```python\n(# check_ugrnn.py\n.*?)```", GUIDE.read_text(), re.DOTALL)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "all gradients are right\n"), done.stderr


def test_a_kind_trains_resumes_scores_samples_and_is_listed(charrnn, tmp_path):
    charrnn("train", "text.txt", "--model", "unigram", "--label", "letters", "--added", "0.5", "--quiet")
    before = checkpoint(tmp_path, "text")
    charrnn("train", "--resume", "--quiet")
    assert checkpoint(tmp_path, "text") == before
    held = json.loads(charrnn("info", "text", "--json"))
    assert (held["config"]["model"], held["config"]["label"], held["config"]["added"]) == ("unigram", "letters", 0.5)
    assert 0.1 < held["progress"]["best_val_accuracy"] < 0.3
    (line,) = (tmp_path / "checkpoints" / "text" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(line)["val_accuracy"] == held["progress"]["best_val_accuracy"]
    assert json.loads(line).keys() >= {"train_accuracy", "train_bpc", "val_bpc"}
    assert "accuracy" in charrnn("runs")
    assert "bits per character" in charrnn("eval", "text", "text.txt")
    assert len(charrnn("sample", "text", "--length", "30", "--rng-seed", "1").rstrip("\n")) >= 30


def test_a_kind_that_learns_by_gradients_resumes_exactly(charrnn, tmp_path):
    (tmp_path / "pairs-1.dist-info").mkdir()
    (tmp_path / "pairs-1.dist-info" / "METADATA").write_text("Name: pairs\nVersion: 1\n")
    (tmp_path / "pairs-1.dist-info" / "entry_points.txt").write_text("[charrnn.models]\npairs = pairs\n")
    shutil.copy(Path(__file__).parent / "pairs.py", tmp_path)
    options = ["--model", "pairs", "--learning-rate", "0.1", "--schedule", "constant", *SMALL[2:]]
    charrnn("train", "text.txt", "--name", "parts", "--steps", "20", *options)
    charrnn("train", "text.txt", "--name", "whole", "--steps", "40", *options)
    assert checkpoint(tmp_path, "parts") != checkpoint(tmp_path, "whole")
    charrnn("train", "--resume", "--name", "parts", "--steps", "40", "--quiet")
    assert checkpoint(tmp_path, "parts") == checkpoint(tmp_path, "whole")
    score = json.loads(charrnn("eval", "whole", "text.txt", "--json"))
    assert score["bits_per_character"] < 2.5  # blind guesses take log2(15) = 3.9


def test_a_sweep_ranks_by_the_metric_in_its_direction(charrnn, tmp_path):
    (tmp_path / "other.txt").write_text("aaaa, the rest is e. aaaaaaaaaa\n" * 30)
    (tmp_path / "sweep.toml").write_text(
        '[fixed]\nmodel = "unigram"\n[grid]\ncorpus = ["text.txt", "other.txt"]\nadded = [1.0]\n'
    )
    charrnn("sweep", "sweep.toml", "--quiet", "--threads", "1")
    rows = json.loads(charrnn("sweep-table", "sweep", "--json"))
    values = [row["best_accuracy"] for row in rows]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.4 > values[1]


def test_a_process_without_the_package_reads_the_same_cache(charrnn):
    """Types of the package in an index of ours would be a ModuleNotFoundError there."""
    charrnn("train", "text.txt", "--cell", "ugrnn", "--num-layers", "2", "--steps", "2", *SMALL)
    charrnn("sample", "--length", "9")
    indices = [path for path in CACHE_FOLDER.rglob("*.nbi") if b"charrnn_example" in path.read_bytes()]
    assert indices
    assert all("others-" in str(path) for path in indices)


STRANGER = """\
from helpers import scale
from charrnn.cells.contract import Cell, RecurrentProjection, zeros
from charrnn.cells.rnn import RNNActivations, step_back
from charrnn.kernels.jit import inlined

@inlined
def step(activations, t, b, vectors, units):
    for k in range(units):
        activations.h[t + 1, b, k] = scale(activations.gates[t, b, k])

CELL = Cell(gates=1, state=("h",), activations=RNNActivations, step=step, step_back=step_back, initial_bias=zeros,
            products=(RecurrentProjection(gates=1),))
"""
HELPERS = "from charrnn.kernels.jit import inlined\n\n@inlined\ndef scale(x):\n    return {} * x\n"
OUTPUTS = """\
import numpy as np
from charrnn.kinds.config import find_kind, make_config
from charrnn.models.language.network import Network
from charrnn.workers import Workers

for cell in ("stranger", "rnn"):
    config = make_config(5, cell=cell, hidden_size=4, embedding_size=3)
    network = Network(find_kind("rnn").parameters(config).initialise(0), Workers(1))
    state = network.initial_state(1)
    network.run(np.array([[1], [2]], np.int32), state, network.buffers(2, 1))
    print(*state[0][0][0])
"""


def test_compiled_code_is_that_of_its_own_cell_and_of_its_present_sources(tmp_path):
    """The cell's module is called like ours, it uses our activations, and what is edited is a file that it imports."""
    (tmp_path / "rnn.py").write_text(STRANGER)
    (tmp_path / "cell-1.dist-info").mkdir()
    (tmp_path / "cell-1.dist-info" / "METADATA").write_text("Name: cell\nVersion: 1\n")
    (tmp_path / "cell-1.dist-info" / "entry_points.txt").write_text("[charrnn.cells]\nstranger = rnn\n")
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    outputs = []
    for factor in (1, 7, 7):
        (tmp_path / "helpers.py").write_text(HELPERS.format(factor))
        command = [sys.executable, "-B", "-c", OUTPUTS]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        outputs.append(run.stdout.splitlines())
    (first, ours), (second, ours_again), again = outputs
    assert ours == ours_again == again[1]
    assert again[0] == second
    assert len({ours, first, second}) == 3


@pytest.fixture
def with_part(tmp_path):
    """Run a command beside a package whose module is one part; returns its exit code, stdout and stderr."""

    def run(folder, text, *words):
        (tmp_path / "stranger.py").write_text(text)
        (tmp_path / "stranger-1.dist-info").mkdir(exist_ok=True)
        (tmp_path / "stranger-1.dist-info" / "METADATA").write_text("Name: stranger\nVersion: 1\n")
        (tmp_path / "stranger-1.dist-info" / "entry_points.txt").write_text(f"[charrnn.{folder}]\nown = stranger\n")
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
        command = [sys.executable, "-m", "charrnn", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.mark.parametrize("name", ["dropout", "steps", "keep", "beta1", "order"])
def test_a_hyperparameter_called_like_another_option_is_refused(with_part, name):
    declared = f"HYPERPARAMETERS = {{{name!r}: {{'default': 1.0, 'help': 'Its own.'}}}}\n"
    owner = "optimizer adam" if name == "beta1" else "cell own"
    assert with_part("cells", declared, "train", "text.txt") == (
        1,
        "",
        f"charrnn: error: {owner} declares the hyperparameter {name}, and another option is called so: rename it in "
        "that package\n",
    )


KIND = """\
from dataclasses import dataclass
from charrnn.kinds.config import ModelConfig, model_option, of_model
from charrnn.models.text import CountedKind

@dataclass(frozen=True)
class OwnConfig(ModelConfig):
    model: str = model_option("own")
    {name}: int = of_model(64, "A stranger's.")

class Own(CountedKind):
    name, config = "own", OwnConfig
    def title(self, config): return "own"
    def check_fit(self, config, tensors): pass
    def load(self, config, tensors, workers): pass

KIND = Own()
"""


def test_a_kinds_option_called_like_one_of_a_run_is_refused(with_part):
    code, _, stderr = with_part("models", KIND.format(name="steps"), "train", "text.txt")
    assert (code, "model own declares the option steps, and another option is called so" in stderr) == (1, True)


def test_the_help_of_an_option_that_others_have_too_is_ours(with_part):
    code, stdout, _ = with_part("models", KIND.format(name="hidden_size"), "train", "--help")
    assert (code, "Units per layer.  [default: 512]" in " ".join(stdout.split("\n")), "stranger" in stdout) == (
        0,
        True,
        False,
    )
    lion = "HYPERPARAMETERS = {'beta1': {'default': 0.5, 'help': 'A stranger.'}}"
    stdout = " ".join(with_part("optimizers", lion, "train", "--help")[1].split())
    assert "[default: 0.9 (adam); 0.5 (own)]" in stdout
    assert "A stranger." not in stdout


@pytest.mark.parametrize(
    ("folder", "text", "words", "message"),
    [
        ("models", "KIND = 3", ("--model", "own"), "KIND of stranger must be a charrnn.kinds.kind.Kind, not 3"),
        (
            "cells",
            "HYPERPARAMETERS = {'gain': {'default': 'x'}}\nCELL = 1",
            ("--cell", "own"),
            "HYPERPARAMETERS of stranger must",
        ),
    ],
)
def test_a_malformed_part_is_told_of_where_it_is_chosen(with_part, folder, text, words, message):
    code, _, stderr = with_part(folder, text, "train", "nowhere.txt", *words)
    assert (code, message in stderr) == (1, True), stderr
    code, _, stderr = with_part(folder, text, "train", "nowhere.txt")
    assert (code, "cannot read nowhere.txt" in stderr) == (1, True), stderr
    assert with_part(folder, text, "runs")[0] == 0
