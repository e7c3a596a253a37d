"""PyTorch's nn.LSTM, asked for one step at a time: the loop that its users write first."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from benchmarks.engines.contract import TEMPERATURE, Array, Engine, parameters_of
from benchmarks.shared.shape import Shape


def absent(task: str, precision: str) -> str:
    """Why this precision is not measured."""
    del task
    if precision != "float32":
        return "samples in float32 only"
    return "" if find_spec("torch") else "is not installed (pip install '.[benchmark]')"


def sample(shape: Shape, precision: str, threads: int) -> Iterator[Array]:
    """See ``Engine.sample``; the state is carried from item to item."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    embedding, head = around(shape)
    lstm = nn.LSTM(shape.vocabulary, shape.hidden, shape.layers)
    tensors = parameters_of(shape, precision).to_tensors()
    lstm.load_state_dict({name: torch.from_numpy(tensors[f"rnn.{name}"]) for name in lstm.state_dict()})
    state, last = None, torch.zeros(shape.streams, dtype=torch.long)
    while True:
        ids = torch.empty(shape.steps, shape.streams, dtype=torch.long)
        with torch.inference_mode():
            for t in range(shape.steps):
                h, state = lstm(embedding(last[None]), state)
                ids[t] = last = draw(head(h[0]))
        yield ids.T.numpy()


def around(shape: Shape) -> Any:
    """The layers below and above the LSTM: nn.Embedding and nn.Linear."""
    import torch
    from torch import nn

    tensors = {name: torch.from_numpy(tensor) for name, tensor in parameters_of(shape, "float32").to_tensors().items()}
    head = nn.Linear(shape.hidden, shape.vocabulary)
    head.load_state_dict({"weight": tensors["head.weight"], "bias": tensors["head.bias"]})
    return nn.Embedding.from_pretrained(tensors["embedding.weight"]), head


def draw(logits: Any) -> Any:
    """A character for each row of ``logits`` (B, V)."""
    import torch

    return torch.multinomial(torch.softmax(logits / TEMPERATURE, -1), 1)[:, 0]


ENGINE = Engine("PyTorch nn.LSTM", absent, sample=sample)
