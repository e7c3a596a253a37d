"""Leaky units whose rates stay as they start; see ``leaky``."""

from dataclasses import replace

from charrnn.cells.leaky import CELL as LEAKY

HYPERPARAMETERS = {
    "slowest_rate": {"default": 0.02, "help": "Initial rate of the first leaky unit.", "above": 0, "below": 1},
    "fastest_rate": {
        "default": 0.9,
        "help": "Initial rate of the last leaky unit.",
        "above": 0,
        "below": 1,
    },
}

CELL = replace(LEAKY, vectors=tuple(replace(vector, learned=False) for vector in LEAKY.vectors))
