"""Counts join a run that learns labels, and runs of labels are mixed."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from jobs import train
from labelled import labelled, write_tsv

from charrnn.api import Model, load
from charrnn.cli.shared.group import group
from charrnn.errors import CheckpointError, ConfigError
from charrnn.kinds.config import make_config
from charrnn.models.label_mixture.config import LabelMixtureConfig
from charrnn.models.label_ngram.counts import fitted_counts
from charrnn.models.pooling import POOL_WEIGHTS
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.training.events import Mixed

OPTIONS = {"task": "label", "hidden_size": 8, "batch_size": 16, "seq_length": None, "threads": 1, "val_fraction": 0.3}


def invoke(*arguments):
    return CliRunner().invoke(group, [str(argument) for argument in arguments], prog_name="charrnn")


LINES = [text for text, _ in labelled(30, seed=1)]


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    return Path(write_tsv(tmp_path_factory.mktemp("label") / "words.tsv", labelled(120)))


@pytest.fixture(scope="module")
def folder(words):
    folder = words.parent
    train(str(words), name="net", checkpoints=folder, steps=12, counts=True, **OPTIONS)
    train(str(words), name="other", checkpoints=folder, steps=12, rng_seed=2, **OPTIONS)
    return folder


def test_counts_join_a_run_and_are_told(words, tmp_path):
    _, events = train(str(words), name="net", checkpoints=tmp_path, steps=12, counts=True, **OPTIONS)
    (mixed,) = (event for event in events if isinstance(event, Mixed))
    assert (mixed.unit, mixed.answers, mixed.path) == ("row", True, str(tmp_path / "net" / "mixture.safetensors"))
    assert mixed.mixed_nats < min(mixed.nats, mixed.counts_nats + 0.05)
    assert load_checkpoint(tmp_path / "net" / "mixture.safetensors").header["progress"]["best_val_accuracy"] > 0.5


def test_predictions_are_those_of_both_unless_told_otherwise(folder):
    both, alone = Model.load(folder / "net" / "mixture.safetensors"), Model.load(folder / "net" / "best.safetensors")
    assert load("net", checkpoints=folder).answers(LINES) == both.answers(LINES) != alone.answers(LINES)
    where = ("--checkpoints", folder, "--json")
    given = "\n".join(LINES)

    def printed(*options):
        shown = invoke("predict", "net", given, *options, *where).stdout
        return [json.loads(line)["answers"] for line in shown.splitlines()]

    for model, options in ((both, ()), (alone, ("--alone",))):
        assert printed(*options) == [[answer._asdict() for answer in found] for found in model.answers(LINES)]


def test_probabilities_sum_to_one_and_rows_do_not_depend_on_their_batch(folder):
    model = load("net", checkpoints=folder)
    together = model.answers(LINES, top=10)
    for line, answers in zip(LINES, together, strict=True):
        assert math.fsum(answer.probability for answer in answers) == pytest.approx(1, abs=1e-9)
        assert model.answers([line], top=10) == [answers]


def test_an_interrupted_and_resumed_run_ends_with_the_same_mixture(words, folder, tmp_path):
    train(str(words), name="net", checkpoints=tmp_path, steps=12, counts=True, stop_after=5, **OPTIONS)
    assert not (tmp_path / "net" / "mixture.safetensors").exists()
    train(name="net", checkpoints=tmp_path, resume=True, threads=2)
    assert (tmp_path / "net" / "mixture.safetensors").read_bytes() == (
        folder / "net" / "mixture.safetensors"
    ).read_bytes()


def test_runs_are_mixed_with_counts_and_by_rows_of_a_file(words, folder):
    rows = write_tsv(folder / "more.tsv", labelled(60, seed=3))
    where = ("--checkpoints", folder)
    mixed = json.loads(invoke("mix", "net", "other", "-o", "both", "--json", *where).stdout)
    assert [member["model"] for member in mixed["members"]] == ["net", "other", "counts"]
    assert mixed["nats_per_row"] < min(member["nats_per_row"] for member in mixed["members"][:2])
    assert load("both", checkpoints=folder).predict(LINES)
    result = invoke("mix", "net", "other", "-o", "by-rows", "--no-counts", "--held-out", rows, *where)
    assert "nats/row" in result.stdout
    assert "charrnn predict by-rows" in result.stderr
    assert json.loads(invoke("eval", "by-rows", words, "--json", *where).stdout)
    (folder / "bad.tsv").write_text("no tab here\n")
    refused = invoke("mix", "net", "other", "-o", "bad", "--held-out", folder / "bad.tsv", *where)
    assert refused.exit_code == 1
    assert "cannot read line 1 of" in refused.stderr


def test_models_of_other_tasks_or_labels_cannot_join(folder):
    net = load_checkpoint(folder / "net" / "best.safetensors").header["config"]
    config = make_config(**net)
    other = make_config(**{**net, "labels": (*net["labels"], "fish")})
    with pytest.raises(ConfigError, match="the same labels"):
        LabelMixtureConfig.of((config, other))
    with pytest.raises(ConfigError, match="cannot join a mixture"):
        LabelMixtureConfig.of((config, make_config(config.vocab_size, end_symbol=True)))


@pytest.mark.parametrize("weights", [np.ones(3), np.array([1, -1.0]), np.array([1, np.nan])], ids=str)
def test_damaged_weights_are_refused(folder, weights):
    checkpoint = load_checkpoint(folder / "net" / "mixture.safetensors")
    config = make_config(**checkpoint.header["config"])
    with pytest.raises(CheckpointError, match=f"tensor {POOL_WEIGHTS}"):
        config.kind.check_fit(config, {**checkpoint.tensors, POOL_WEIGHTS: weights})


def test_counts_that_are_too_large_lose_their_rarest_contexts(folder):
    counts = load("net", checkpoints=folder)._network.members[1]
    size = sum(array.nbytes for array in counts.config.kind.compact(counts.to_tensors()).values())
    assert fitted_counts(counts, size) is counts
    smaller = fitted_counts(counts, size // 2)
    assert smaller.size < counts.size
    ids = [np.array([1, 2, 3])]
    assert np.exp(smaller.log_probabilities(ids)).sum() == pytest.approx(1)


def test_compact_counts_are_restored(folder):
    counts = load("net", checkpoints=folder)._network.members[1]
    kind, tensors = counts.config.kind, counts.to_tensors()
    restored = kind.expand(kind.compact(tensors))
    assert restored.keys() == tensors.keys()
    for name, array in tensors.items():
        assert restored[name].dtype == array.dtype
        np.testing.assert_array_equal(restored[name], array)


def test_a_mixture_has_no_network_alone(folder):
    for command, asked in (("predict", "abc"), ("eval", folder / "words.tsv")):
        refused = invoke(command, folder / "net" / "mixture.safetensors", asked, "--alone")
        assert refused.exit_code == 1
        assert "must be a network, not a mixture: name one of its runs" in refused.stderr


def test_a_mixed_run_keeps_the_text_of_its_first_run(folder):
    assert not invoke("mix", "net", "other", "-o", "whole", "--checkpoints", folder).exit_code
    shown = json.loads(invoke("eval", "whole", folder / "words.tsv", "--json", "--checkpoints", folder).stdout)
    assert {"model", "most frequent", "n-gram per label"} <= shown.keys()


def test_what_cannot_be_mixed_is_told(folder):
    where = ("--checkpoints", folder)
    twice = invoke("mix", "net", "net", "-o", "twice", *where)
    assert "must be different models, not net twice" in twice.stderr
    (folder / "strange.tsv").write_text("€€\tLow\n" * 30)
    (folder / "empty.tsv").write_text("")
    for name, message in (("strange", "'€'"), ("empty", "at least one")):
        refused = invoke("mix", "net", "other", "-o", "bad", "--held-out", folder / f"{name}.tsv", *where)
        assert refused.exit_code == 1
        assert f"{name}.tsv" in refused.stderr
        assert message in refused.stderr


def test_counts_join_no_counts(words, folder):
    train(
        str(words),
        name="counted",
        checkpoints=folder,
        **{**OPTIONS, "hidden_size": None, "batch_size": None},
        model="ngram",
    )
    mixed = json.loads(invoke("mix", "net", "counted", "-o", "with-counts", "--json", "--checkpoints", folder).stdout)
    assert [member["model"] for member in mixed["members"]] == ["net", "counted"]


def test_a_new_best_model_drops_the_mixture_of_the_old_one(words, tmp_path):
    options = {**OPTIONS, "steps": 8, "eval_every": 4}
    train(str(words), name="net", checkpoints=tmp_path, counts=True, **options)
    assert (tmp_path / "net" / "mixture.safetensors").is_file()
    train(name="net", checkpoints=tmp_path, resume=True, steps=40, counts=False)
    assert not (tmp_path / "net" / "mixture.safetensors").exists()


def test_info_names_the_mixture(folder):
    shown = invoke("info", "net", "--checkpoints", folder).stdout
    assert "mixture.safetensors" in shown
    assert (
        "lstm, 1 layer of 8 in both directions + an ngram"
        in invoke("info", folder / "net" / "mixture.safetensors").stdout
    )
