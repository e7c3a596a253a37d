"""A checkpoint's tensors in PyTorch; runs where PyTorch is installed."""

from functools import partial

import numpy as np
import pytest

import charrnn
from charrnn.storage.checkpoint import load_checkpoint

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch
TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 200  # scored in several streams


MODULES = {
    "lstm": torch.nn.LSTM,
    "gru": torch.nn.GRU,
    "rnn": torch.nn.RNN,
    "rnn-relu": partial(torch.nn.RNN, nonlinearity="relu"),
}


def torch_loss(cell, tensors, ids, layers):
    """Mean loss in nats of a text, read by PyTorch's own cell with the tensors loaded as a state dict."""
    state = {name: torch.tensor(tensor) for name, tensor in tensors.items()}
    hidden = state["rnn.weight_hh_l0"].shape[1]
    embedding = state.pop("embedding.weight", None)
    width = state["rnn.weight_ih_l0"].shape[1]
    rnn = MODULES[cell](width, hidden, layers)
    head = torch.nn.Linear(hidden, len(state["head.bias"]))
    rnn.load_state_dict({name.removeprefix("rnn."): value for name, value in state.items() if name.startswith("rnn.")})
    head.load_state_dict(
        {name.removeprefix("head."): value for name, value in state.items() if name.startswith("head.")}
    )
    x = torch.tensor(ids[:-1].astype(np.int64))
    inputs = torch.eye(width)[x] if embedding is None else embedding[x]
    with torch.no_grad():
        logits = head(rnn(inputs.unsqueeze(1))[0]).squeeze(1)
    return torch.nn.functional.cross_entropy(logits, torch.tensor(ids[1:].astype(np.int64))).item()


@pytest.mark.parametrize("embedding_size", [0, 6])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", MODULES)
def test_loss_in_pytorch_equals_ours(tmp_path, cell, embedding_size, layers):
    corpus = tmp_path / "cat.txt"
    corpus.write_text(TEXT)
    shape = {"cell": cell, "hidden_size": 24, "num_layers": layers, "embedding_size": embedding_size}
    for _ in charrnn.train(corpus, checkpoints=tmp_path / "runs", steps=40, learning_rate=0.02, **shape):
        pass
    model = charrnn.load(checkpoints=tmp_path / "runs")
    tensors = load_checkpoint(tmp_path / "runs" / "cat" / "best.safetensors").tensors
    names = ("embedding.", "rnn.", "head.")
    ours = model.score(TEXT).nats_per_character
    theirs = torch_loss(
        cell, {k: v for k, v in tensors.items() if k.startswith(names)}, model.vocabulary.encode(TEXT), layers
    )
    assert theirs == pytest.approx(ours, abs=1e-5)
