"""Leaky units whose rates stay as they start; see ``leaky``."""

from dataclasses import replace

from charrnn.cells.leaky import CELL as LEAKY

CELL = replace(LEAKY, vectors=tuple(replace(vector, learned=False) for vector in LEAKY.vectors))
