"""A model as a program in another language runs it: the engine of pages and of the JavaScript module."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from charrnn.kernels.arrays import Array


@dataclass(frozen=True)
class Portable:
    """What an engine needs of a model.

    Attributes:
        engine: the network's name in ``charrnn/pages/engine/networks.js``.
        config: what that network's constructor takes, as JSON values.
        tensors: the tensors, under the names of ``charrnn.layers``.
        cell: name of the recurrent cell; empty for networks without one.
        labels: what the model can be asked to write for, or what it can answer.
    """

    engine: str
    config: Mapping[str, Any]
    tensors: Mapping[str, Array]
    cell: str = ""
    labels: tuple[str, ...] = ()
