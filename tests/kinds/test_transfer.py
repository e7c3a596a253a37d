import numpy as np
import pytest

from charrnn.kinds.config import config_from, make_config
from charrnn.kinds.transfer import Pretrained, widened
from charrnn.text.vocabulary import Vocabulary
from charrnn.workers import Workers

OLD = Vocabulary("bdfhjl")
NEW = Vocabulary("abcdefhjlmz")
TEXT = "bdfhjllfbdhhjd"


def trained(random, vocabulary=OLD, **shape):
    config = make_config(len(vocabulary), **shape)
    parameters = config.kind.parameters(config).initialise(0)
    for tensor in parameters.tensors.values():
        tensor[:] += random.normal(0, 0.5, tensor.shape)
    return parameters


def log_probabilities(parameters, vocabulary, text):
    """ln p of each character of the vocabulary after each of the text: (T, V)."""
    network = parameters.config.kind.load(parameters.config, parameters.to_tensors(), Workers(1))
    x = vocabulary.encode(text)[:, np.newaxis]
    window = network.run(x, network.initial_state(1), network.buffers(len(x), 1))
    logits = window.logits[:, 0, : len(vocabulary)].astype(np.float64)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


@pytest.mark.parametrize(
    "shape",
    [
        {"embedding_size": 4},
        {"embedding_size": 0, "num_layers": 3, "skip_connections": True, "learn_initial_state": True},
        {"cell": "gru", "num_layers": 2, "skip_connections": True},
        {"tie_embedding": True},
        {"model": "tdnn", "context_size": 3, "embedding_size": 0},
        {"model": "tdnn", "context_size": 3},
    ],
)
def test_old_characters_keep_their_relations_and_new_ones_are_improbable(random, shape):
    parameters = trained(random, hidden_size=5, precision="float64", **shape)
    config = config_from(parameters.config.to_dict() | {"vocab_size": len(NEW)})
    wide = config.kind.parameters(config)
    Pretrained(parameters.config, OLD, parameters.to_tensors()).fill(wide, NEW)
    before, after = log_probabilities(parameters, OLD, TEXT), log_probabilities(wide, NEW, TEXT)
    known = NEW.encode(OLD.symbols)
    lost = before - after[:, known]
    assert np.allclose(lost, lost[:, :1], rtol=0, atol=1e-12)
    assert 0 < lost.max() <= np.log(len(NEW) / len(OLD))
    unknown = np.delete(after, known, axis=1)
    assert np.exp(unknown).max() <= 1 / (len(OLD) + 1)
    # All of them are read alike, and unlike any old one.
    read = [log_probabilities(wide, NEW, character + TEXT) for character in "acbd"]
    assert np.allclose(read[0], read[1])
    assert not np.allclose(read[0], read[2])
    assert not np.allclose(read[2], read[3])


@pytest.mark.parametrize("shape", [{}, {"embedding_size": 0}, {"model": "tdnn"}])
def test_without_new_characters_all_stays_as_it_was(random, shape):
    parameters = trained(random, hidden_size=5, **shape)
    other = parameters.config.kind.parameters(parameters.config).initialise(7)
    Pretrained(parameters.config, OLD, parameters.to_tensors()).fill(other, OLD)
    assert np.array_equal(other.vector, parameters.vector)


def test_the_axis_that_grows_holds_characters_last():
    ids = np.array([0, 2])
    rows = widened(np.array([[1.0, 10], [3, 30]]), (3, 2), ids)
    assert np.array_equal(rows, [[1, 10], [2, 20], [3, 30]])
    columns = widened(np.array([[1.0, 3, 10, 30]]), (1, 6), ids)  # two characters at two places
    assert np.array_equal(columns, [[1, 2, 3, 10, 20, 30]])
    assert np.array_equal(widened(np.array([1.0, 3]), (2,), np.array([0, 1])), [1, 3])
