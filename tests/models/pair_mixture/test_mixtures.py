"""Counts join a run that learns pairs, and runs of pairs are mixed."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from jobs import train

from charrnn.api import Model, load
from charrnn.cli.shared.group import group
from charrnn.errors import CheckpointError, ConfigError
from charrnn.kinds.config import make_config
from charrnn.models.pair_mixture.config import PairMixtureConfig
from charrnn.models.pair_mixture.network import MOST_BELOW, judged
from charrnn.models.pooling import POOL_WEIGHTS
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.training.events import Mixed, NotMixed

OPTIONS = {
    "task": "pairs",
    "hidden_size": 16,
    "embedding_size": 8,
    "batch_size": 16,
    "seq_length": None,
    "learning_rate": 0.02,
    "steps": 60,
    "eval_every": 30,
    "val_fraction": 0.3,
}


def words(count, seed=0):
    random = np.random.default_rng(seed)
    texts = ["".join(random.choice([*"abcd"], random.integers(2, 6))) for _ in range(count)]
    return "".join(f"{text}\t{text.upper().replace('BA', 'O')}\n" for text in texts)


LINES = ["abba", "dad", "cab", "baba"]


def invoke(*arguments):
    return CliRunner().invoke(group, [str(argument) for argument in arguments], prog_name="charrnn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    (folder / "words.tsv").write_text(words(250))
    train(str(folder / "words.tsv"), name="net", checkpoints=folder, counts=True, **OPTIONS)
    train(str(folder / "words.tsv"), name="other", checkpoints=folder, rng_seed=2, **OPTIONS)
    return folder


def test_counts_join_a_run_and_its_answers(folder, tmp_path):
    _, events = train(str(folder / "words.tsv"), name="net", checkpoints=tmp_path, counts=True, **OPTIONS)
    (mixed,) = (event for event in events if isinstance(event, Mixed))
    assert (mixed.unit, mixed.answers) == ("answer", True)
    assert mixed.mixed_nats < mixed.nats - 0.005
    for name in ("mixture", "best"):
        files = [(path / "net" / f"{name}.safetensors").read_bytes() for path in (folder, tmp_path)]
        assert files[0] == files[1]
    both, alone = Model.load(folder / "net" / "mixture.safetensors"), Model.load(folder / "net" / "best.safetensors")
    assert load("net", checkpoints=folder).answers(LINES, top=3) == both.answers(LINES, top=3)
    (folder / "new.tsv").write_text(words(60, seed=5))
    errors = [
        json.loads(invoke("eval", "net", folder / "new.tsv", "--json", "--checkpoints", folder, *how).stdout)["model"]
        for how in ((), ("--alone",))
    ]
    assert errors[0]["word_error"] < errors[1]["word_error"]
    shown = invoke("predict", "net", "\n".join(LINES), "--alone", "--checkpoints", folder).stdout
    assert shown.splitlines() == alone.predict(LINES)


def test_probabilities_sum_to_one_and_rows_do_not_depend_on_their_batch(folder):
    model = load("net", checkpoints=folder)
    together = model.answers(LINES, top=50)
    for line, answers in zip(LINES, together, strict=True):
        assert 0.999 < math.fsum(answer.probability for answer in answers) <= 1 + 1e-9  # of more than 50 answers
        assert model.answers([line], top=50) == [answers]
    assert load("net", checkpoints=folder, threads=1).answers(LINES, top=50) == together


def test_no_member_rules_an_answer_out(folder):
    class Certain:
        def log_probabilities(self, rows, answers, before_batch):
            return np.array([-0.1, -500.0, -3.0])

    logs = judged([Certain()], [[1], [2]], [[(1,), (2,)], [(3,)]])
    np.testing.assert_array_equal(logs, [[[-0.1, -0.1 - MOST_BELOW], [-3.0, -1e6]]])


def test_an_interrupted_and_resumed_run_ends_with_the_same_mixture(folder, tmp_path):
    train(str(folder / "words.tsv"), name="net", checkpoints=tmp_path, counts=True, stop_after=40, **OPTIONS)
    assert not (tmp_path / "net" / "mixture.safetensors").exists()
    train(name="net", checkpoints=tmp_path, resume=True, threads=2)
    mixtures = [(path / "net" / "mixture.safetensors").read_bytes() for path in (folder, tmp_path)]
    assert mixtures[0] == mixtures[1]


def test_runs_are_mixed_with_counts(folder):
    mixed = json.loads(invoke("mix", "net", "other", "-o", "both", "--json", "--checkpoints", folder).stdout)
    assert [member["model"] for member in mixed["members"]] == ["net", "other", "counts"]
    assert mixed["nats_per_answer"] < min(member["nats_per_answer"] for member in mixed["members"][:2])
    model = load("both", checkpoints=folder)
    assert model.predict(["abab"]) == ["AOB"]


def test_too_few_right_answers_leave_the_run_as_it_is(folder, tmp_path):
    _, events = train(
        str(folder / "words.tsv"), name="net", checkpoints=tmp_path, counts=True, **{**OPTIONS, "val_fraction": 0.05}
    )
    (why,) = (event.why for event in events if isinstance(event, NotMixed))
    assert "must have at least 20 questions" in why
    assert not (tmp_path / "net" / "mixture.safetensors").exists()


def test_models_of_other_symbols_cannot_join(folder):
    net = load_checkpoint(folder / "net" / "best.safetensors").header["config"]
    config = make_config(**net)
    with pytest.raises(ConfigError, match="the same symbols"):
        PairMixtureConfig.of((config, make_config(**{**net, "targets": ("X",)})))


def test_damaged_weights_are_refused(folder):
    checkpoint = load_checkpoint(folder / "net" / "mixture.safetensors")
    config = make_config(**checkpoint.header["config"])
    with pytest.raises(CheckpointError, match=POOL_WEIGHTS):
        config.kind.check_fit(config, {**checkpoint.tensors, POOL_WEIGHTS: np.ones(3)})
