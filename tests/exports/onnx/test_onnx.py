"""The exported graph in ONNX Runtime against ``charrnn``; runs where both packages are installed."""

import json

import numpy as np
import pytest

from charrnn.errors import ConfigError
from charrnn.exports.contract import Exported
from charrnn.exports.onnx import TARGET
from charrnn.exports.onnx.operators import OPERATORS
from charrnn.kinds.config import make_config
from charrnn.kinds.header import header_of
from charrnn.storage.checkpoint import Checkpoint, save_checkpoint
from charrnn.text.vocabulary import END, Vocabulary
from charrnn.workers import Workers

onnxruntime = pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
pytest.importorskip("onnx", reason="onnx is an extra")

SYMBOLS = "\n abcdé</script>\u2028🎵"
NATS = 2e-5
"""Largest difference of a character's loss."""

SHAPES = {
    "one layer": {},
    "two layers": {"num_layers": 2},
    "one-hot": {"embedding_size": 0},
    "skip connections": {"num_layers": 2, "skip_connections": True, "embedding_size": 0},
    "learned initial state": {"num_layers": 2, "learn_initial_state": True},
    "tied": {"tie_embedding": True},
    "documents": {"documents": "line", "learn_initial_state": True, "num_layers": 2},
}


@pytest.fixture
def export(tmp_path, random):
    """Export a model of random weights; returns the model, its ONNX file and its vocabulary."""

    def export(documents="", **options):
        vocabulary = Vocabulary.of(SYMBOLS)
        if documents:
            vocabulary = Vocabulary(vocabulary.symbols + END, documents=documents)
        shape = {"hidden_size": 16, "end_symbol": bool(documents), **options}
        config = make_config(len(vocabulary), **shape)
        parameters = config.kind.parameters(config).initialise(0)
        for tensor in parameters.tensors.values():
            tensor[:] += random.normal(0, 0.15, tensor.shape)
        tensors = parameters.to_tensors()
        save_checkpoint(tmp_path / "model", Checkpoint(tensors, header_of(config, vocabulary)))
        [content] = TARGET.files(Exported.read(tmp_path / "model")).values()
        return config.kind.load(config, tensors, Workers(1)), content, vocabulary

    return export


class Reader:
    """Reads ids with ONNX Runtime as a user of the file would, who knows its metadata alone."""

    def __init__(self, content, streams, **others):
        self.session, self.others = onnxruntime.InferenceSession(content), others
        self.metadata = {
            name: json.loads(text) for name, text in self.session.get_modelmeta().custom_metadata_map.items()
        }
        initial = self.metadata["initial_state"]
        self.state = {name: np.tile(np.float32(values), (streams, 1)) for name, values in initial.items()}

    def logits(self, ids):
        names = [output.name for output in self.session.get_outputs()]
        feeds = {"ids": ids.astype(np.int64), **self.state, **self.others}
        results = dict(zip(names, self.session.run(names, feeds), strict=True))
        self.state = {name: results[f"{name}_next"] for name in self.state}
        return results["logits"]


def losses(logits):
    """-ln p of each character, in float64."""
    logits = np.float64(logits)
    top = logits.max(axis=-1, keepdims=True)
    return np.log(np.exp(logits - top).sum(axis=-1, keepdims=True)) + top - logits


def compare(network, reader, pieces):
    state = network.initial_state(pieces[0].shape[1])
    for ids in pieces:
        ours = network.run(ids, state, network.buffers(*ids.shape)).logits[..., : network.config.vocab_size]
        assert np.abs(losses(ours) - losses(reader.logits(ids))).max() < NATS


@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cell", OPERATORS)
def test_onnx_runtime_predicts_the_same_and_carries_the_state(export, random, cell, shape, streams):
    network, content, vocabulary = export(cell=cell, **SHAPES[shape])
    pieces = [random.integers(0, len(vocabulary), (steps, streams)).astype(np.int32) for steps in (50, 1, 1, 7)]
    compare(network, Reader(content, streams), pieces)


def test_a_label_is_an_input(export, random):
    labels = {"labels": ("cat", "dog"), "label_counts": (2, 1), "task": "conditional"}
    network, content, vocabulary = export(documents="line", num_layers=2, skip_connections=True, **labels)
    ids = random.integers(0, len(vocabulary), (9, 2)).astype(np.int32)
    reader = Reader(content, 2, label=np.array([1, 0]))
    assert reader.metadata["config"]["labels"] == ["cat", "dog"]
    logits = reader.logits(ids)
    for row, label in enumerate(["dog", "cat"]):
        compare(network.of_label(label), Row(logits[:, row : row + 1]), [ids[:, row : row + 1]])


class Row:
    def __init__(self, logits):
        self.logits = lambda _: logits


def test_the_metadata_are_the_model(export):
    network, content, vocabulary = export()
    metadata = Reader(content, 1).metadata
    assert Vocabulary(**metadata["vocabulary"]) == vocabulary
    assert make_config(**metadata["config"]) == network.config


def test_a_kind_without_a_form_is_refused(tmp_path):
    vocabulary = Vocabulary.of(SYMBOLS)
    config = make_config(len(vocabulary), model="tdnn", hidden_size=8)
    tensors = config.kind.parameters(config).initialise(0).to_tensors()
    save_checkpoint(tmp_path / "model", Checkpoint(tensors, header_of(config, vocabulary)))
    with pytest.raises(ConfigError, match=r"^a model tdnn for task text has no ONNX form: choose a recurrent model"):
        TARGET.files(Exported.read(tmp_path / "model"))
