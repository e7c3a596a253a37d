"""PyTorch models of the shapes of ``--task label`` and ``--task pairs``, for ``benchmarks.answers``.

The backward direction reads each row reversed within its own length, so that padding comes last and no packing is
needed.
"""

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

PAD, BEGIN, END = range(3)
FIRST = 3
"""The id of the first letter."""

DROPOUT = 0.3
SMOOTHING = 0.1
CLIP_NORM = 1.0
LEARNING_RATE = 0.003

Row = tuple[str, str]


def ids_of(words: Sequence[str], *, begin: bool = False) -> Any:
    """Padded ids (T, B) of words, each with its end."""
    rows = [[*[BEGIN] * begin, *(ord(letter) - ord("a") + FIRST for letter in word), END] for word in words]
    return nn.utils.rnn.pad_sequence([torch.tensor(row) for row in rows], padding_value=PAD)


def batches_of(rows: Sequence[Row], size: int) -> Iterator[list[Row]]:
    """Endless batches of rows of similar length."""
    draw = random.Random(0)
    while True:
        order = sorted(rows, key=lambda row: len(row[0]) + 2 * draw.random())
        batches = [order[at : at + size] for at in range(0, len(order), size)]
        draw.shuffle(batches)
        yield from batches


def train_steps(model: Any, batches: Iterator[list[Row]]) -> Iterator[float]:
    """Train; yields the loss of each step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    model.train()
    for batch in batches:
        loss = model.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP_NORM)
        optimizer.step()
        yield loss.item()


class Encoder(nn.Module):
    """One LSTM layer in both directions, each of ``hidden`` units."""

    def __init__(self, symbols: int, embedding: int, hidden: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(symbols + FIRST, embedding, padding_idx=PAD)
        self.ahead, self.back = nn.LSTM(embedding, hidden), nn.LSTM(embedding, hidden)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, ids: Any) -> tuple[Any, Any, Any]:
        """Outputs (T, B, 2H), the last states (B, 2H), and where the rows are (T, B)."""
        present = ids != PAD
        lengths = present.sum(0)
        steps, columns = torch.arange(ids.shape[0])[:, None], torch.arange(ids.shape[1])
        turned = torch.where(steps < lengths, lengths - 1 - steps, steps)
        inputs = self.dropout(self.embed(ids))
        one, other = self.ahead(inputs)[0], self.back(inputs[turned, columns])[0]
        last = torch.cat([one[lengths - 1, columns], other[lengths - 1, columns]], -1)
        return torch.cat([one, other[turned, columns]], -1), last, present


class Labeller(nn.Module):
    """Last state, mean and maximum over time; a softmax."""

    def __init__(self, symbols: int, labels: int, hidden: int, embedding: int) -> None:
        super().__init__()
        self.encoder = Encoder(symbols, embedding, hidden)
        self.dropout, self.head = nn.Dropout(DROPOUT), nn.Linear(6 * hidden, labels)

    def forward(self, ids: Any) -> Any:
        """Logits (B, labels)."""
        outputs, last, present = self.encoder(ids)
        absent = ~present[..., None]
        mean = outputs.masked_fill(absent, 0).sum(0) / present.sum(0)[:, None]
        highest = outputs.masked_fill(absent, -math.inf).amax(0)
        return self.head(self.dropout(torch.cat([highest, mean, last], -1)))

    def loss(self, batch: Sequence[Row]) -> Any:
        """Cross-entropy of a batch."""
        labels = torch.tensor([int(label.removeprefix("label")) for _, label in batch])
        return functional.cross_entropy(self(ids_of([word for word, _ in batch])), labels, label_smoothing=SMOOTHING)

    @torch.inference_mode()
    def answer(self, words: Sequence[str], beam: int, longest: int) -> list[int]:
        """The most probable labels."""
        del beam, longest
        return self(ids_of(words)).argmax(-1).tolist()


class Translator(nn.Module):
    """Encoder, decoder, and Luong's general attention above the decoder."""

    def __init__(self, symbols: int, labels: int, hidden: int, embedding: int) -> None:
        super().__init__()
        del labels
        classes = symbols + FIRST
        self.encoder = Encoder(symbols, embedding, hidden // 2)
        self.embed, self.dropout = nn.Embedding(classes, embedding, padding_idx=PAD), nn.Dropout(DROPOUT)
        self.bridge, self.decoder = nn.Linear(hidden, 2 * hidden), nn.LSTM(embedding, hidden)
        self.general, self.joined = nn.Linear(hidden, hidden, bias=False), nn.Linear(2 * hidden, hidden)
        self.head = nn.Linear(hidden, classes)

    def encode(self, ids: Any) -> tuple[Any, Any]:
        """Keys, memory (B, T, H) and where the rows are; the decoder's first state."""
        outputs, last, present = self.encoder(ids)
        memory = self.dropout(outputs).transpose(0, 1)
        h, c = self.bridge(last).tanh()[None].chunk(2, -1)
        return (self.general(memory), memory, present.t()[:, None]), (h.contiguous(), c.contiguous())

    def decode(self, ids: Any, attended: Any, state: Any) -> tuple[Any, Any]:
        """Logits (T, B, classes) of the next symbols, and the new state."""
        keys, memory, present = attended
        outputs, state = self.decoder(self.dropout(self.embed(ids)), state)
        outputs = outputs.transpose(0, 1)
        weights = (outputs @ keys.transpose(1, 2)).masked_fill(~present, -math.inf).softmax(-1)
        joined = self.joined(torch.cat([weights @ memory, outputs], -1)).tanh().transpose(0, 1)
        return self.head(self.dropout(joined)), state

    def loss(self, batch: Sequence[Row]) -> Any:
        """Cross-entropy of a batch."""
        targets = ids_of([wanted for _, wanted in batch], begin=True)
        logits, _ = self.decode(targets[:-1], *self.encode(ids_of([given for given, _ in batch])))
        return functional.cross_entropy(
            logits.flatten(0, 1), targets[1:].flatten(), ignore_index=PAD, label_smoothing=SMOOTHING
        )

    @torch.inference_mode()
    def answer(self, words: Sequence[str], beam: int, longest: int) -> list[list[int]]:
        """The most probable targets, by beam search."""
        attended, state = self.encode(ids_of(words))
        count = len(words)
        attended = tuple(part.repeat_interleave(beam, 0) for part in attended)
        state = tuple(part.repeat_interleave(beam, 1) for part in state)
        total = torch.full((count, beam), -math.inf)
        total[:, 0] = 0
        written, rows = torch.full((count, beam, 1), BEGIN), torch.arange(count)[:, None]
        for _ in range(longest):
            latest = written[..., -1]
            ended = (latest == END) | (latest == PAD)
            logits, state = self.decode(latest.reshape(1, -1), attended, state)
            scores = functional.log_softmax(logits[0], -1).view(count, beam, -1)
            scores[..., : BEGIN + 1] = -math.inf
            scores[ended] = -math.inf
            scores[..., PAD] = torch.where(ended, 0.0, -math.inf)
            total, chosen = (total[..., None] + scores).flatten(1).topk(beam)
            parent = chosen // scores.shape[-1]
            written = torch.cat([written[rows, parent], (chosen % scores.shape[-1])[..., None]], -1)
            state = tuple(part[:, (rows * beam + parent).flatten()] for part in state)
            if bool((written[:, 0, -1] == PAD).all()):
                break
        return written[:, 0].tolist()
