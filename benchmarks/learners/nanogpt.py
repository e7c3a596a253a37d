"""The transformer of nanoGPT's recipe for a CPU, in PyTorch; its time is that of its training steps alone.

4 layers of 4 heads and 128 numbers, 12 blocks of 64 characters, no dropout, AdamW. Its cosine ends with the time
instead of after 2000 steps.
"""

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.engines.pytorch import absent
from benchmarks.learners.contract import Learner, Lesson, Point, points

LAYERS, HEADS, WIDTH = 4, 4, 128
BLOCK, BATCH = 64, 12
HIGHEST_RATE, LOWEST_RATE, WARMUP_STEPS = 1e-3, 1e-4, 100
WEIGHT_DECAY = 0.1
SCORED_BATCH = 256


def model_of(V: int) -> Any:
    """The parts of the transformer (Radford et al. 2019), without biases."""
    from torch import nn

    def dense(inputs: int, outputs: int, std: float = 0.02) -> Any:
        layer = nn.Linear(inputs, outputs, bias=False)
        nn.init.normal_(layer.weight, std=std)
        return layer

    def layer() -> Any:
        parts = {"attention_norm": nn.LayerNorm(WIDTH, bias=False), "dense_norm": nn.LayerNorm(WIDTH, bias=False)}
        parts |= {"qkv": dense(WIDTH, 3 * WIDTH), "up": dense(WIDTH, 4 * WIDTH)}
        small = 0.02 / math.sqrt(2 * LAYERS)  # where the layers' results add up
        return nn.ModuleDict(parts | {"out": dense(WIDTH, WIDTH, small), "down": dense(4 * WIDTH, WIDTH, small)})

    model = nn.ModuleDict(
        {
            "characters": nn.Embedding(V, WIDTH),
            "places": nn.Embedding(BLOCK, WIDTH),
            "layers": nn.ModuleList(layer() for _ in range(LAYERS)),
            "norm": nn.LayerNorm(WIDTH, bias=False),
        }
    )
    for name in ("characters", "places"):
        nn.init.normal_(model[name].weight, std=0.02)
    return model


def loss_of(model: Any, x: Any, y: Any) -> Any:
    """Cross-entropy of blocks (B, T); the output is tied to the embedding."""
    from torch.nn import functional

    B, T = x.shape
    h = model["characters"](x) + model["places"].weight[:T]
    for layer in model["layers"]:
        qkv = layer["qkv"](layer["attention_norm"](h)).split(WIDTH, -1)
        query, key, value = (part.view(B, T, HEADS, -1).transpose(1, 2) for part in qkv)
        attended = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        h = h + layer["out"](attended.transpose(1, 2).reshape(B, T, WIDTH))
        h = h + layer["down"](functional.gelu(layer["up"](layer["dense_norm"](h))))
    logits = model["norm"](h) @ model["characters"].weight.T
    return functional.cross_entropy(logits.flatten(0, 1), y.flatten())


def learn(lesson: Lesson) -> Iterator[Point]:
    """See ``Learner.learn``; scored on blocks that follow one another, each from its own beginning."""
    import torch

    torch.set_num_threads(lesson.threads)
    torch.manual_seed(lesson.rng_seed)
    random = np.random.default_rng(lesson.rng_seed)
    train_ids, val_ids, V = lesson.ids()
    text = torch.from_numpy(train_ids)
    blocks = (len(val_ids) - 1) // BLOCK * BLOCK
    x_val, y_val = (torch.from_numpy(val_ids[first : blocks + first]).view(-1, BLOCK) for first in (0, 1))
    model = model_of(V)
    groups = [
        {"params": [p for p in model.parameters() if p.ndim == 2], "weight_decay": WEIGHT_DECAY},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=HIGHEST_RATE, betas=(0.9, 0.99), fused=True)
    steps = itertools.count(1)

    def step(part: float) -> None:
        warm = next(steps) / WARMUP_STEPS
        rate = LOWEST_RATE + (HIGHEST_RATE - LOWEST_RATE) * part
        for group in optimizer.param_groups:
            group["lr"] = min(HIGHEST_RATE * warm, rate)
        places = random.integers(len(text) - BLOCK, size=BATCH)
        x, y = (torch.stack([text[place + first : place + first + BLOCK] for place in places]) for first in (0, 1))
        loss = loss_of(model, x, y)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    def score() -> float:
        with torch.inference_mode():
            parts = zip(x_val.split(SCORED_BATCH), y_val.split(SCORED_BATCH), strict=True)
            return float(sum(loss_of(model, x, y).item() * len(x) for x, y in parts) / len(x_val))

    return points(lesson, step, score)


LEARNER = Learner("nanoGPT's recipe for a CPU", {"its own": {}}, lambda: absent("train", "float32"), learn)
