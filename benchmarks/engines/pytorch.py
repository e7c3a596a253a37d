"""PyTorch's nn.LSTM, nn.GRU and nn.RNN, written as their users write them: time-major, state carried, fused Adam."""

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from benchmarks.engines.contract import CLIP_NORM, LEARNING_RATE, WINDOWS, Engine, random_text
from benchmarks.shared.shape import Shape

MODULES = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
"""Those of PyTorch, by our cells."""


def absent(task: str, precision: str) -> str:
    """Why this precision cannot be had: PyTorch itself offers all."""
    del task, precision
    return "" if find_spec("torch") else "is not installed (pip install '.[benchmark]')"


def train(shape: Shape, precision: str, threads: int) -> Iterator[float]:
    """See ``Engine.train``; bf16 is autocast, as PyTorch recommends."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    V = shape.vocabulary
    dtype = torch.float64 if precision == "float64" else torch.float32
    model = nn.ModuleDict(
        {
            "embedding": nn.Embedding(V, V),
            "rnn": getattr(nn, MODULES[shape.cell])(V, shape.hidden, shape.layers),
            "head": nn.Linear(shape.hidden, V),
        }
    ).to(dtype)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    ids = torch.from_numpy(random_text(shape).astype(np.int64))
    inputs = ids[:-1].view(shape.streams, -1).T.contiguous()
    targets = ids[1:].view(shape.streams, -1).T.contiguous()
    state = None
    step = 0
    while True:
        first = step % WINDOWS * shape.steps
        x, y = inputs[first : first + shape.steps], targets[first : first + shape.steps]
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
            h, state = model["rnn"](model["embedding"](x), state)
            logits = model["head"](h)
        loss = nn.functional.cross_entropy(logits.to(dtype).view(-1, V), y.reshape(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()
        state = tuple(layer.detach() for layer in state) if isinstance(state, tuple) else state.detach()
        step += 1
        yield loss.item()


ENGINE = Engine("PyTorch", absent, train, cells=tuple(MODULES))
