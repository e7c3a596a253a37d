"""Text for a label, from the file to the text that is drawn."""

import json
from collections import Counter

import pytest
from click.testing import CliRunner
from jobs import train
from labelled import LETTERS, labelled, write_tsv

from charrnn.api import load
from charrnn.cli.shared.group import group
from charrnn.errors import CharrnnError, ConfigError
from charrnn.kernels.processor import BFLOAT16

OPTIONS = {"task": "conditional", "hidden_size": 24, "batch_size": 16, "steps": 150, "learning_rate": 0.02}
OPTIONS |= {"columns": "2,1", "threads": 1}
SHAPES = [
    {},
    {"dropout": 0.3, "num_layers": 2, "cell": "gru-lecture"},
    *([{"precision": "bf16"}] if BFLOAT16 else []),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("conditional")
    write_tsv(folder / "words.tsv", labelled(90))
    train(str(folder / "words.tsv"), checkpoints=folder / "runs", **{**OPTIONS, "seq_length": None})
    return folder / "runs"


def invoke(*arguments):
    result = CliRunner().invoke(group, [str(argument) for argument in arguments], prog_name="charrnn")
    assert result.exit_code in (0, 1, 2), result.output
    return result


def belongs(text, label):
    return set(text) <= set(LETTERS[label])


def test_texts_are_of_the_label_that_is_given(runs):
    for label in LETTERS:
        arguments = ("--given", label, "--num-samples", 20, "--rng-seed", 3)
        texts = invoke("sample", "words", "--checkpoints", runs, *arguments).stdout.splitlines()
        assert len(texts) == 20
        assert sum(belongs(text, label) for text in texts) > 12


def test_json_has_the_label_that_is_given(runs):
    shown = invoke("sample", "words", "--checkpoints", runs, "--given", next(iter(LETTERS)), "--json").stdout
    assert json.loads(shown)["label"] == next(iter(LETTERS))


def test_without_a_label_it_is_drawn_too_and_each_text_comes_alone_with_its_seed(runs):
    arguments = ("sample", "words", "--checkpoints", runs)
    lines = invoke(*arguments, "--num-samples", 300, "--rng-seed", 5).stdout.splitlines()
    rows = [line.split("\t") for line in lines]
    counts = Counter(label for label, _ in rows)
    assert set(counts) == set(LETTERS)
    assert min(counts.values()) > 70
    assert sum(belongs(text, label) for label, text in rows) > 240
    shown = invoke(*arguments, "--num-samples", 300, "--rng-seed", 5, "--json").stdout.splitlines()
    for at in (0, 1, 299):
        one = json.loads(shown[at])
        assert [one["label"], one["text"]] == rows[at]
        alone = invoke(*arguments, "--rng-seed", one["rng_seed"]).stdout
        assert alone == lines[at] + "\n"
        given = invoke(*arguments, "--rng-seed", one["rng_seed"], "--given", one["label"]).stdout
        assert given == one["text"] + "\n"


def test_a_seed_and_the_settings_of_sampling_hold(runs):
    model = load("words", checkpoints=runs)
    low = model.given("Low")
    assert low.sample("ab", rng_seed=1, temperature=0).startswith("ab")
    assert low.sample("ab", rng_seed=1, length=1) == low.sample("ab", rng_seed=1)[:3]
    sample = model.samples(rng_seed=7, num_samples=2)[1]
    assert sample.label in LETTERS
    assert model.given(sample.label).sample(rng_seed=sample.rng_seed) == sample.text
    assert low.score("abcdeaab").bits_per_character < model.given("High").score("abcdeaab").bits_per_character


def test_probabilities_name_the_label(runs):
    arguments = ("sample", "words", "--checkpoints", runs, "--rng-seed", 3)
    first, *rest = invoke(*arguments, "--probabilities", "--top", 1).stdout.splitlines()
    assert first == f"--- {invoke(*arguments).stdout.partition(chr(9))[0]} ---"
    assert rest[-1].startswith("null\t")


def test_errors(runs, tmp_path):
    sample = ("sample", "words", "--checkpoints", runs)
    assert (
        "must be one that the model has learned, High, Low, Middle, not 'Lo'" in invoke(*sample, "--given", "Lo").stderr
    )
    refused = invoke(*sample, "--state", tmp_path / "state")
    assert refused.exit_code == 1
    assert "choose the label with --given" in refused.stderr
    model = load("words", checkpoints=runs)
    with pytest.raises(ConfigError, match="choose the label with --given"):
        model.score("abc")
    with pytest.raises(ConfigError, match="writes text and does not answer"):
        model.predict(["abc"])
    assert "shown for models of task text" in invoke("gradients", "words", "x", "--checkpoints", runs).stderr


def test_a_label_can_go_on_with_a_state(runs, tmp_path):
    arguments = ("sample", "words", "--checkpoints", runs, "--state", tmp_path / "state")
    assert invoke(*arguments, "--given", "Low", "--rng-seed", 1).exit_code == 0
    assert "belongs to another model" in invoke(*arguments, "--given", "High").stderr


def test_eval_tells_what_a_label_tells(runs, tmp_path):
    test = write_tsv(tmp_path / "test.tsv", labelled(30, seed=1))
    shown = json.loads(invoke("eval", runs / "words", test, "--json").stdout)
    assert shown["of"] == "30 texts"
    assert shown["model"]["given"] < shown["model"]["without"] < shown["n-gram"]["without"]
    assert shown["model"]["told"] > 1
    assert shown["model"]["accuracy"] > 0.9
    strange = write_tsv(tmp_path / "strange.tsv", [("abc", "Lower")])
    assert "give labels such as High, Low, Middle" in invoke("eval", runs / "words", strange).stderr


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_interrupted_and_resumed_equals_uninterrupted(tmp_path, shape):
    tsv = write_tsv(tmp_path / "words.tsv", labelled(40))
    options = {**OPTIONS, "seq_length": None, "steps": 12, "eval_every": 5, **shape}
    train(tsv, checkpoints=tmp_path / "whole", **options)
    train(tsv, checkpoints=tmp_path / "parts", stop_after=7, **options)
    train(checkpoints=tmp_path / "parts", resume=True)
    for name in ("last.safetensors", "best.safetensors"):
        whole, parts = (tmp_path / where / "words" / name for where in ("whole", "parts"))
        assert whole.read_bytes() == parts.read_bytes()


def test_a_run_can_start_from_one_with_the_same_labels_and_other_counts(runs, tmp_path):
    new = write_tsv(tmp_path / "new.tsv", [*labelled(9), ("zzz", "Low")])
    options = {"columns": "2,1", "threads": 1, "steps": 3, "batch_size": 4, "seq_length": None, "hidden_size": None}
    job, _ = train(new, init_from=runs / "words", checkpoints=tmp_path / "runs", task="conditional", **options)
    assert job.trainer.config.label_counts == (3, 4, 3)
    fewer = write_tsv(tmp_path / "fewer.tsv", [row for row in labelled(9) if row[1] != "Low"])
    job, _ = train(fewer, init_from=runs / "words", checkpoints=tmp_path / "runs", task="conditional", **options)
    assert dict(zip(job.trainer.config.labels, job.trainer.config.label_counts, strict=True))["Low"] == 0
    other = write_tsv(tmp_path / "other.tsv", [*labelled(9), ("zzz", "Lowest")])
    with pytest.raises(CharrnnError, match="labels must be as in the model that the run starts from"):
        train(other, init_from=runs / "words", checkpoints=tmp_path / "runs", task="conditional", **options)


def test_a_plan_chooses_batches_of_as_many_characters(tmp_path, monkeypatch):
    monkeypatch.setattr("charrnn.starting.training_speed", lambda *_, **__: 2.0)
    tsv = write_tsv(tmp_path / "words.tsv", labelled(6000))
    options = {"task": "conditional", "columns": "2,1", "minutes": 20, "checkpoints": tmp_path / "runs"}
    job, _ = train(tsv, stop_after=2, **options, hidden_size=8, batch_size=None, seq_length=None, threads=1)
    assert 200 < job.plan.options["batch_size"] <= 256
