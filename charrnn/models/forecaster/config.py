"""The options of models that forecast."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from charrnn.errors import ConfigError
from charrnn.kinds.config import NetworkConfig, model_option, of_model, task_option
from charrnn.kinds.recurrent_config import RecurrentConfig
from charrnn.options import Option, declare

if TYPE_CHECKING:
    from charrnn.layers.recurrent_shape import StackShape


@dataclass(frozen=True)
class SeriesConfig(NetworkConfig):
    """The shape of a model that forecasts a series; see ``ModelConfig``.

    At step t a network reads K numbers: the last ``lags`` values of the target before t, and the last ``lags`` values
    of each input up to and including t.
    """

    task: str = task_option("series")
    hidden_size: int = of_model(8, "Units per layer.", least=1)
    lags: int = of_model(10, "Number of past values of each column that the model reads.", metavar="N", least=1)
    target: str = declare("", "Name of the column to predict.", "Data", metavar="COLUMN", shown_default="the last one")
    ignore: str = declare(
        "", "Names of columns to leave out, with commas between them.", "Data", metavar="COLUMNS", shown_default="none"
    )
    horizon: int = declare(10, "How many rows ahead charrnn eval forecasts.", "Data", metavar="N", least=1)
    period: int = declare(
        0,
        "Length of a season in rows, for the seasonal baseline of charrnn eval.",
        "Data",
        metavar="N",
        shown_default="found by autocorrelation",
        least=0,
    )

    column_names: Sequence[str] = ()
    """Names of the inputs, then of the target."""
    means: Sequence[float] = ()
    """Mean of each column in the training part."""
    deviations: Sequence[float] = ()
    """Standard deviation of each column in the training part; 1 for a constant column."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.embedding_size:
            raise ConfigError(f"model {self.model} for task {self.task} has no embedding_size: leave it out")
        for name in ("column_names", "means", "deviations"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        numbers = (*self.means, *self.deviations)
        if (
            not len(self.column_names) == len(self.means) == len(self.deviations)
            or not all(isinstance(name, str) for name in self.column_names)
            or not all(isinstance(number, float | int) and math.isfinite(number) for number in numbers)
            or not all(deviation > 0 for deviation in self.deviations)
        ):
            raise ConfigError("a series must have a mean and a deviation of each column: use another checkpoint")

    def _chosen_embedding(self) -> int:
        return 0

    @classmethod
    def declared(cls) -> dict[str, Option]:
        """The options, without ``embedding_size``, as numbers are not embedded; see ``ModelConfig``."""
        return {name: option for name, option in super().declared().items() if name != "embedding_size"}

    @property
    def inputs(self) -> int:
        """F, the number of columns besides the target."""
        return max(0, len(self.column_names) - 1)

    @property
    def reads_target(self) -> bool:
        """Whether the network reads past values of the target; in a forecast its own outputs replace them."""
        return True

    @property
    def width(self) -> int:
        """K, the number of values that the network reads at a step."""
        return self.lags * (self.inputs + self.reads_target)


@dataclass(frozen=True)
class StateSpaceConfig(SeriesConfig, RecurrentConfig):
    """The shape of a recurrent network that forecasts."""

    lags: int = of_model(1, "Number of past values of each column that the model reads.", metavar="N", least=1)

    @cached_property
    def stack(self) -> StackShape:
        """The shape of the recurrent layers, the first of which reads K numbers."""
        return replace(super().stack, width=self.width, dense=True)


@dataclass(frozen=True)
class NarxConfig(SeriesConfig):
    """The shape of a NARX network, whose hidden layer reads past values of the inputs and of the target."""

    model: str = model_option("narx")


@dataclass(frozen=True)
class FiniteResponseConfig(SeriesConfig):
    """The shape of a network whose hidden layer reads only past values of the inputs; see ``reads_target``."""

    model: str = model_option("tdnn")

    @property
    def reads_target(self) -> bool:
        """Whether the series has no inputs; then the target serves as the input."""
        return not self.inputs
