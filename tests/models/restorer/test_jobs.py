"""Runs of models that restore: interrupted and resumed, with other threads, planned, from another's weights."""

import pytest
from jobs import metrics, train

from charrnn.errors import ConfigError
from charrnn.kinds.config import make_config
from charrnn.models.restorer.cost import RestorerCost
from charrnn.models.restorer.recipe import best_units

LINES = "Příliš žluťoučký kůň úpěl ďábelské ódy. A zase pes.\nMaly pes, malý kůň a zlatý kun.\n" * 12


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "cat.txt"
    path.write_text(LINES, encoding="utf-8")
    return str(path)


def files(runs):
    return [(runs / "cat" / f"{name}.safetensors").read_bytes() for name in ("last", "best")]


@pytest.mark.parametrize(
    "options",
    [
        {"task": "accents", "feedback": True, "dropout": 0.2},
        {"task": "case", "num_layers": 2},
        {"task": "spaces", "directions": 1},
        {"task": "typos"},
    ],
    ids=str,
)
def test_a_resumed_run_ends_with_the_same_bytes(text, tmp_path, options):
    how = {"steps": 14, "eval_every": 5, "seq_length": 64, **options}
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(text, checkpoints=whole, **how)
    train(text, checkpoints=parts, stop_after=8, **how | {"threads": 2})
    train(text, checkpoints=parts, resume=True)
    assert files(parts) == files(whole)
    assert metrics(parts) == metrics(whole)


def test_a_run_of_minutes_is_planned(text, runs):
    options = {"task": "accents", "minutes": 0.05, "hidden_size": 8, "seq_length": 64}
    job, _ = train(text, checkpoints=runs, **options)
    assert job.plan.options["num_layers"] == 2
    assert "both directions" in job.plan.reasons[0]


def test_larger_models_for_more_operations_and_longer_texts():
    sizes = [best_units(operations, 10_000_000) for operations in (1e11, 1e12, 1e13, 1e14, 1e15)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) > 3
    assert best_units(1e15, 10_000) < best_units(1e15, 10_000_000)


def test_a_run_starts_from_another_models_weights(text, runs, tmp_path):
    train(text, checkpoints=runs, task="accents", steps=5, seq_length=64)
    other = tmp_path / "other.txt"
    other.write_text("Qualité: Kůň a malý pes.\n" * 9, encoding="utf-8")
    job, _ = train(str(other), checkpoints=runs, task="accents", init_from="cat", steps=2, seq_length=64)
    assert "characters that are new to it: 3" in job.started.notes[0]
    fewer = tmp_path / "fewer.txt"
    fewer.write_text("pes a malý pes\n" * 9, encoding="utf-8")
    fine, _ = train(str(fewer), checkpoints=runs, task="accents", init_from="cat", steps=2, seq_length=64)
    assert fine.trainer.config.classes == job.trainer.config.classes
    umlauts = tmp_path / "umlauts.txt"
    umlauts.write_text("Kühe\nKuh\n" * 9, encoding="utf-8")
    with pytest.raises(ConfigError, match="classes must be as in the model that the run starts from"):
        train(str(umlauts), checkpoints=runs, task="accents", init_from="cat", steps=2, seq_length=64)


def test_more_of_everything_costs_more():
    def cost(**shape):
        return RestorerCost(make_config(50, task="accents", classes=("", "a"), **{"hidden_size": 32, **shape}))

    for more in ({"hidden_size": 64}, {"num_layers": 2}, {"feedback": True}):
        for figure in (
            lambda c: c.weights,
            lambda c: c.activations,
            lambda c: c.row_bytes(),
            lambda c: c.weight_bytes(2),
        ):
            assert figure(cost(**more)) > figure(cost())
    assert cost(directions=1).weights < cost().weights
