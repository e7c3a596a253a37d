"""The state-space network that forecasts: numbers -> recurrent layers -> linear output -> squared error."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from charrnn.models.forecaster.config import StateSpaceConfig
from charrnn.models.forecaster.kind import SeriesKind, lags_in_words


class StateSpace(SeriesKind):
    """The kind ``rnn`` of task ``series``: recurrent networks that forecast."""

    name = "rnn"
    config = StateSpaceConfig
    lacks = frozenset({"update_every", "reset_probability"})

    def title(self, config: StateSpaceConfig) -> str:
        """Name the cell, the layers and the number of lags; see ``Kind``."""
        return f"{config.cell}, {config.layers_in_words} above {lags_in_words(config)}"

    def parameters(self, config: StateSpaceConfig) -> Any:
        """Make the network's tensors, all zero; see ``Kind``."""
        from charrnn.models.forecaster.network import StateSpaceParameters

        return StateSpaceParameters(config)

    def check_fit(self, config: StateSpaceConfig, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes and types of a checkpoint's tensors; see ``Kind``."""
        from charrnn.layers.parameters import check_shapes
        from charrnn.models.forecaster.network import checkpoint_shapes_of

        check_shapes(checkpoint_shapes_of(config), tensors)

    def load(self, config: StateSpaceConfig, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the network from a checkpoint's tensors; see ``Kind``."""
        from charrnn.models.forecaster.network import StateSpaceForecaster

        return StateSpaceForecaster(self.parameters(config).load_tensors(tensors), workers)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """Make the learner that computes loss and gradient; see ``Kind``."""
        from charrnn.models.forecaster.network import StateSpaceForecaster
        from charrnn.models.forecaster.output import ForecasterLearner

        network = StateSpaceForecaster(parameters, workers, training=True)
        return ForecasterLearner(network, self.parameters(parameters.config), steps, streams)

    def cost(self, config: StateSpaceConfig) -> Any:
        """Compute the memory and operations of training; see ``Kind``."""
        from charrnn.models.forecaster.cost import ForecasterCost
        from charrnn.models.forecaster.network import state_space_shapes
        from charrnn.models.forecaster.output import with_output

        return ForecasterCost(config, with_output(config, state_space_shapes(config)))

    def batches(self, config: StateSpaceConfig, settings: Any, data: Any) -> Any:
        """Cut the series into segments, and these into batches; see ``Kind``."""
        from charrnn.models.forecaster.forecast import segment_batches

        return segment_batches(config, settings, data)

    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """Reduce the segments' length to the number of rows, and the batch size to the number of segments."""
        from dataclasses import replace

        length = min(settings.seq_length or len(data), len(data))
        settings = replace(settings, seq_length=length)
        count = self._segments(settings, data)
        if settings.batch_size <= count:
            return settings, ()
        return replace(settings, batch_size=count), (f"segments of {length} rows are {count}: that many are a batch",)

    def _segments(self, settings: Any, data: Any) -> int:
        from charrnn.models.forecaster.forecast import segment_starts

        return len(segment_starts(len(data), settings.seq_length))

    def steps_in_epoch(self, config: Any, settings: Any, data: Any) -> int:
        """Batches in one pass over the segments; see ``Kind``."""
        steps: int = math.ceil(self._segments(settings, data) / settings.batch_size)
        return steps

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose the options that the user left open; see ``Kind``."""
        from charrnn.models.forecaster.recipe import choose_forecaster

        return choose_forecaster(draft, speed, windows=False)


KIND = StateSpace()
