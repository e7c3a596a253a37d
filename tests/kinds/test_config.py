import dataclasses
import json

import numpy as np
import pytest

from charrnn.errors import ConfigError
from charrnn.kinds.config import LARGEST_EMBEDDING, config_from, make_config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"vocab_size": 0}, "vocab_size must be a whole number of at least 1, not 0"),
        ({"vocab_size": 2.5}, "vocab_size must be a whole number of at least 1, not 2.5"),
        ({"num_layers": True}, "num_layers must be a whole number of at least 1, not True"),
        ({"hidden_size": 0}, "hidden_size must be a whole number of at least 1, not 0"),
        ({"hidden_size": "8"}, "hidden_size must be a whole number of at least 1, not '8'"),
        ({"num_layers": 0}, "num_layers must be a whole number of at least 1, not 0"),
        ({"num_layers": None}, "num_layers must be a whole number of at least 1, not None"),
        ({"embedding_size": -2}, "embedding_size must be a whole number of at least 0, not -2"),
        ({"tie_embedding": 1}, "tie_embedding must be true or false, not 1"),
        (
            {"tie_embedding": True, "embedding_size": 7, "hidden_size": 8},
            "a tied embedding is as wide as a layer, 8, not 7: leave embedding_size out",
        ),
        ({"embedding_size": 1.0}, "embedding_size must be a whole number of at least 0, not 1.0"),
        ({"dropout": -0.1}, "dropout must be at least 0 and below 1, not -0.1"),
        ({"dropout": 1.0}, "dropout must be at least 0 and below 1, not 1.0"),
        ({"dropout": float("nan")}, "dropout must be at least 0 and below 1, not nan"),
        ({"precision": "float16"}, "unknown precision 'float16': choose one of float32, float64, bf16"),
        ({"recurrent_init": "zero"}, "unknown recurrent_init 'zero': choose one of uniform, orthogonal"),
        ({"cell": "elman"}, "unknown cell 'elman': choose one of "),
    ],
)
def test_what_is_out_of_range_is_named(values, message):
    with pytest.raises(ConfigError) as caught:
        make_config(**{"vocab_size": 5, **values})
    if message.endswith(" "):  # the cells' names follow
        assert str(caught.value).startswith(message)
        assert "lstm" in str(caught.value)
    else:
        assert str(caught.value) == message


def test_the_ends_of_all_ranges_are_allowed():
    config = make_config(1, hidden_size=1, num_layers=1, embedding_size=0, dropout=0.0)
    assert (config.vocab_size, config.embedding_size) == (1, 0)
    assert make_config(5, dropout=0.999).dropout == 0.999


def test_a_config_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_config(5).hidden_size = 7


@pytest.mark.parametrize("vocab_size", [1, 65, LARGEST_EMBEDDING, LARGEST_EMBEDDING + 1, 5000])
def test_the_embedding_is_square_unless_that_is_too_wide(vocab_size):
    assert make_config(vocab_size).embedding_size == min(vocab_size, 256)
    assert make_config(vocab_size, embedding_size=7).embedding_size == 7
    assert make_config(vocab_size, hidden_size=9, tie_embedding=True).embedding_size == 9


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_type_and_gates(precision):
    config = make_config(5, cell="lstm", hidden_size=3, precision=precision)
    assert config.dtype == np.dtype(precision)
    assert config.stack.gate_width == 12


def test_a_dictionary_of_json_gives_the_config_again():
    config = make_config(5, hidden_size=3, num_layers=2, dropout=0.25, recurrent_init="orthogonal", precision="float64")
    values = json.loads(json.dumps(config.to_dict()))
    assert config_from(values) == config


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "a model's config lacks vocab_size: give it"),
        ({"hidden_size": 3}, "a model's config lacks vocab_size: give it"),
        ({"vocab_size": 5, "zoneout": 1}, "unknown option zoneout in a model's config: leave it out"),
        ({"vocab_size": 5, "dropout": 2}, "dropout must be at least 0 and below 1, not 2"),
    ],
)
def test_a_dictionary_that_is_no_config_is_an_error(values, message):
    with pytest.raises(ConfigError) as caught:
        config_from(values)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model": "hmm"}, "unknown model 'hmm': choose one of rnn, mixture, ngram, tdnn"),
        ({"model": "ngram", "hidden_size": 9}, "model ngram has no hidden_size: leave it out"),
        ({"model": "tdnn", "num_layers": 2}, "model tdnn has no num_layers: leave it out"),
        ({"order": 3}, "model rnn has no order: leave it out"),
        ({"model": "ngram", "order": 0}, "order must be a whole number of at least 1, not 0"),
        ({"model": "ngram", "order": 21}, "order must be a whole number of at most 20, not 21"),
        (
            {"model": "ngram", "smoothing": "laplace"},
            "unknown smoothing 'laplace': choose one of kneser-ney, witten-bell",
        ),
        ({"model": "tdnn", "context_size": 0}, "context_size must be a whole number of at least 1, not 0"),
        ({"model": "tdnn", "precision": "bf16"}, "precision bf16 is not for model tdnn: choose float32"),
    ],
)
def test_each_model_has_fields_of_its_own(values, message):
    with pytest.raises(ConfigError) as caught:
        make_config(5, **values)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("values", "own", "title"),
    [
        ({}, {"cell", "hidden_size", "num_layers"}, "lstm, 1 layer of 512"),
        ({"model": "tdnn"}, {"context_size", "hidden_size"}, "tdnn of 10 characters, 512 units"),
        ({"model": "ngram"}, {"order", "smoothing"}, "ngram of order 8, kneser-ney"),
    ],
)
def test_a_config_holds_what_its_model_has(values, own, title):
    config = make_config(5, **values)
    held = config.to_dict()
    assert held.keys() & {"cell", "num_layers", "hidden_size", "context_size", "order", "smoothing"} == own
    assert config_from(json.loads(json.dumps(held))) == config
    assert dataclasses.replace(config, precision="float64").model == config.model
    assert config.title == title
