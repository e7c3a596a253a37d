"""The shape of a training step or of a draw, the arithmetic that it needs, and the weights that it reads."""

from dataclasses import dataclass

from benchmarks.shared.errors import BenchmarkError

GATES = 4
"""Of an LSTM."""


@dataclass(frozen=True)
class Shape:
    """An LSTM language model and its windows; written H/L/B/T/V. The embedding is as wide as the vocabulary.

    Of a draw, B are the texts and T the characters of each.
    """

    hidden: int
    """H, units of each layer."""
    layers: int
    """L."""
    streams: int
    """B."""
    steps: int
    """T."""
    vocabulary: int
    """V, and E."""

    @classmethod
    def parse(cls, text: str) -> "Shape":
        """The shape that ``str`` gave.

        Raises:
            BenchmarkError: it is not five positive whole numbers.
        """
        numbers = text.split("/")
        if len(numbers) != 5 or not all(number.isdecimal() and int(number) for number in numbers):
            raise BenchmarkError(f"a shape is five whole numbers H/L/B/T/V such as 512/2/64/100/96, not {text!r}")
        return cls(*map(int, numbers))

    def __str__(self) -> str:
        return "/".join(map(str, (self.hidden, self.layers, self.streams, self.steps, self.vocabulary)))

    @property
    def characters(self) -> int:
        """Trained on in one step, or drawn at once: T B."""
        return self.steps * self.streams

    @property
    def weights_read(self) -> int:
        """Weights that multiply something for each character: W_hh, W_ih above the first layer, the head."""
        H, L, V = self.hidden, self.layers, self.vocabulary
        return (2 * L - 1) * GATES * H * H + V * H

    @property
    def flop(self) -> int:
        """Floating-point operations that the matrix products of one training step need.

        A weight that is used for a character costs 2 operations in each of three products: forward, the gradient of
        what it multiplies, and its own gradient. For each character that is 6 for all weights of W_hh (4H x H), of
        W_ih above the first layer (4H x H) and of the head (V x H). The last step back does not need the gradient of
        the state before the window. The first layer's input product has V different rows only, the table
        embedding x W_ih, so that its three products are counted for V rows a step. What the cells, the softmax and
        the update compute is not counted; nor are products that an engine does beyond these.
        """
        H, L, B, T, V = self.hidden, self.layers, self.streams, self.steps, self.vocabulary
        G = GATES * H
        recurrent = L * (3 * T - 1) * B * G * H
        upper = 3 * (L - 1) * T * B * G * H
        head = 3 * T * B * V * H
        table = 3 * V * V * G
        return 2 * (recurrent + upper + head + table)


TRAINING_SHAPES = [
    Shape(128, 2, 50, 50, 65),
    Shape(256, 2, 64, 64, 96),
    Shape(512, 2, 64, 100, 96),
    Shape(1024, 1, 64, 64, 96),
    Shape(512, 1, 32, 64, 65),
    Shape(256, 1, 32, 64, 65),
]
"""Sizes that users pick: from a small model that trains in a minute to a large one."""

SAMPLING_SHAPES = [
    Shape(128, 2, 1, 1000, 65),
    Shape(256, 2, 1, 500, 65),
    Shape(512, 3, 1, 100, 65),
    Shape(256, 2, 64, 50, 65),
]
"""One text from models whose weights lie in the L2 cache, at its edge and far beyond; and 64 texts at once."""

QUICK_SHAPE = Shape(24, 2, 8, 10, 17)
"""For a look at whether everything works."""
