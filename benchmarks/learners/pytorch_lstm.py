"""A carefully written LSTM in PyTorch; its time is that of its training steps alone.

The embedding is as wide as the vocabulary, the state is carried, Adam is fused; the learning rate warms up and falls
as a cosine that ends with the time; norm clip 1, dropout before the output. The forget gates begin with biases of 1, as
is usual, or as ours.
"""

import itertools
from collections.abc import Iterator
from typing import Any

from benchmarks.engines.pytorch import absent
from benchmarks.learners.contract import Ids, Learner, Lesson, Point, points
from charrnn.cells.lstm import HYPERPARAMETERS

WARMUP_STEPS = 50
LEAST_RATE = 0.02
"""Part of the highest learning rate at which the cosine ends."""
SCORED_STREAMS = 20

SMALL = {"hidden": 256, "layers": 1, "batch": 32, "seq": 64, "rate": 0.004, "dropout": 0.0}
OUR_FORGET_BIASES = [one["default"] for one in HYPERPARAMETERS.values()]

SETTINGS: dict[str, dict[str, Any]] = {
    "256, batch 32": SMALL,
    "256, batch 32, our forget biases": {**SMALL, "forget_biases": OUR_FORGET_BIASES},
    "512, batch 32": {"hidden": 512, "layers": 1, "batch": 32, "seq": 64, "rate": 0.004, "dropout": 0.1},
    "384 twice, batch 32": {"hidden": 384, "layers": 2, "batch": 32, "seq": 64, "rate": 0.003, "dropout": 0.1},
    "512, batch 64": {"hidden": 512, "layers": 1, "batch": 64, "seq": 64, "rate": 0.006, "dropout": 0.1},
}


def model_of(V: int, hidden: int, layers: int, dropout: float, forget_biases: tuple[float, float] = (1.0, 1.0)) -> Any:
    """The layers; the forget gates' biases lie evenly between the first unit's and the last one's."""
    from torch import linspace, nn

    lstm = nn.LSTM(V, hidden, layers, dropout=dropout if layers > 1 else 0.0)
    for layer in range(layers):
        getattr(lstm, f"bias_ih_l{layer}").data[hidden : 2 * hidden] = linspace(*forget_biases, hidden)
    embedding = nn.Embedding.from_pretrained(nn.init.eye_(nn.Embedding(V, V).weight.data), freeze=False)
    return nn.ModuleDict(
        {"embedding": embedding, "lstm": lstm, "dropout": nn.Dropout(dropout), "head": nn.Linear(hidden, V)}
    )


def loss_of(model: Any, x: Any, y: Any, state: Any) -> tuple[Any, Any]:
    """Cross-entropy of a window (T, B), and the state after it."""
    from torch.nn.functional import cross_entropy

    h, state = model["lstm"](model["embedding"](x), state)
    logits = model["head"](model["dropout"](h))
    return cross_entropy(logits.flatten(0, 1), y.flatten()), [part.detach() for part in state]


def learn(lesson: Lesson) -> Iterator[Point]:
    """See ``Learner.learn``."""
    import torch
    from torch import nn

    def streams(ids: Ids, count: int) -> tuple[Any, Any]:
        length = (len(ids) - 1) // count
        inputs, targets = ids[: count * length], ids[1 : count * length + 1]
        x, y = (torch.from_numpy(part.reshape(count, length).T.copy()) for part in (inputs, targets))
        return x, y

    torch.set_num_threads(lesson.threads)
    torch.manual_seed(lesson.rng_seed)
    train_ids, val_ids, V = lesson.ids()
    chosen = lesson.options
    shape = {name: chosen[name] for name in ("hidden", "layers", "dropout", "forget_biases") if name in chosen}
    model = model_of(V, **shape)
    optimizer = torch.optim.Adam(model.parameters(), lr=chosen["rate"], betas=(0.9, 0.99), fused=True)
    inputs, targets = streams(train_ids, chosen["batch"])
    scored = streams(val_ids, SCORED_STREAMS)
    state, first, steps = None, 0, itertools.count(1)

    def step(part: float) -> None:
        nonlocal state, first
        rate = chosen["rate"] * min(1, next(steps) / WARMUP_STEPS) * (LEAST_RATE + (1 - LEAST_RATE) * part)
        for group in optimizer.param_groups:
            group["lr"] = rate
        if first + chosen["seq"] > len(inputs):
            state, first = None, 0
        window = slice(first, first + chosen["seq"])
        loss, state = loss_of(model, inputs[window], targets[window], state)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        first += chosen["seq"]

    def score() -> float:
        model.eval()
        with torch.inference_mode():
            nats = loss_of(model, *scored, None)[0].item()
        model.train()
        return float(nats)

    return points(lesson, step, score)


LEARNER = Learner("PyTorch nn.LSTM", SETTINGS, lambda: absent("train", "float32"), learn)
