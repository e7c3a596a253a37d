"""Leaky integrator units as in ``leaky``, but with fixed rates, which are not trained."""

from dataclasses import replace

from charrnn.cells.leaky import CELL as LEAKY
from charrnn.cells.leaky import HYPERPARAMETERS  # noqa: F401 - read by name

CELL = replace(LEAKY, vectors=tuple(replace(vector, learned=False) for vector in LEAKY.vectors))
