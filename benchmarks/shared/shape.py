"""The shape of a training step or of a draw, the arithmetic that it needs, and the weights that it reads."""

from dataclasses import dataclass

from benchmarks.shared.errors import BenchmarkError
from charrnn.cells.contract import find_cell
from charrnn.registry import names_in

CELL = "lstm"
"""The cell of a shape that names none."""


@dataclass(frozen=True)
class Shape:
    """A language model and its windows; written H/L/B/T/V, and /cell if it is no LSTM.

    The embedding is as wide as the vocabulary. Of a draw, B are the texts and T the characters of each.
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
    cell: str = CELL

    @classmethod
    def parse(cls, text: str) -> "Shape":
        """The shape that ``str`` gave.

        Raises:
            BenchmarkError: it is not five positive whole numbers, and a cell perhaps.
        """
        *numbers, cell = text.split("/") if text.count("/") == 5 else [*text.split("/"), CELL]
        whole = len(numbers) == 5 and all(number.isdecimal() and int(number) for number in numbers)
        if not whole or cell not in names_in("cells"):
            raise BenchmarkError(
                f"a shape is five whole numbers H/L/B/T/V such as 512/2/64/100/96, and /cell perhaps, not {text!r}"
            )
        H, L, B, T, V = map(int, numbers)
        return cls(H, L, B, T, V, cell)

    def __str__(self) -> str:
        numbers = (self.hidden, self.layers, self.streams, self.steps, self.vocabulary)
        return "/".join(map(str, numbers if self.cell == CELL else (*numbers, self.cell)))

    @property
    def characters(self) -> int:
        """Trained on in one step, or drawn at once: T B."""
        return self.steps * self.streams

    @property
    def weights_read(self) -> int:
        """Weights that multiply something for each character: W_hh, W_ih above the first layer, the head."""
        H, L, V = self.hidden, self.layers, self.vocabulary
        return (2 * L - 1) * find_cell(self.cell).gates * H * H + V * H

    @property
    def flop(self) -> int:
        """Floating-point operations that the matrix products of one training step need.

        A weight that is used for a character costs 2 operations in each of three products: forward, the gradient of
        what it multiplies, and its own gradient. For each character that is 6 for all weights of W_hh (G x H, G the
        gates times H), of W_ih above the first layer (G x H) and of the head (V x H). The last step back does not
        need the gradient of the state before the window. The first layer's input product has V different rows only,
        the table embedding x W_ih, so that its three products are counted for V rows a step. What the cells, the
        softmax and the update compute is not counted; nor are products that an engine does beyond these.
        """
        H, L, B, T, V = self.hidden, self.layers, self.streams, self.steps, self.vocabulary
        G = find_cell(self.cell).gates * H
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
    Shape(256, 2, 64, 500, 65),
]
"""One text from models whose weights lie in the L2 cache, at its edge and far beyond; and 64 texts at once."""

QUICK_SHAPE = Shape(24, 2, 8, 10, 17)
"""For a look at whether everything works."""
