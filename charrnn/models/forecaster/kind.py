"""Base classes of the kinds that forecast a series of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from charrnn.errors import ConfigError
from charrnn.kinds.kind import Kind
from charrnn.kinds.metric import Metric

RMSE = Metric("rmse", "root mean squared error")
MSE = Metric("mse", "mean squared error of standardised values", nats=1.0)


class SeriesKind(Kind):
    """A kind whose models forecast."""

    tasks = ("series",)
    hub_task = "time-series-forecasting"
    answers = True
    forecasts = True
    measured = True
    counted = "rows"
    reads_bytes = False
    example = "y\n" + "1\n3\n2\n4\n" * 60
    refitted = frozenset({"vocab_size", "means", "deviations"})
    metrics: ClassVar[tuple[Metric, ...]] = (RMSE, MSE)
    precisions = ("float32", "float64", "bf16")

    def data(self, corpus: Any, options: Mapping[str, Any]) -> Any:
        """Parse the corpus as a table; see ``Kind``."""
        from charrnn.models.forecaster.series import SeriesData
        from charrnn.training.settings import TrainingSettings

        return SeriesData(corpus, options, TrainingSettings.val_fraction)

    def predictor(self, network: Any, vocabulary: Any) -> Any:
        """Raise ``ConfigError``, as a series has no lines to answer; see ``Kind``."""
        raise ConfigError("a model for task series does not answer lines: ask it for a forecast, with a horizon")

    def check_reach(self) -> None:
        """Raise ``ConfigError``, as gradients are shown only for models that write text; see ``Kind``."""
        raise ConfigError("gradients are shown for models that write text, not for task series: choose another run")

    def trainer(self, *arguments: Any, **how: Any) -> Any:
        """Make a trainer that learns by gradients; see ``Kind``."""
        from charrnn.training.trainer import Trainer

        return Trainer(*arguments, **how)

    def validate(self, network: Any, data: Any, before_window: Callable[[], None]) -> dict[str, float]:
        """Measure the errors of predictions one row ahead; see ``Kind``."""
        from charrnn.models.forecaster.measures import validate_part

        return validate_part(network, data, before_window)

    def preview(self, network: Any, vocabulary: Any, data: Any, rng_seed: int, step: int) -> str:
        """Show predictions for the last rows beside their true values; see ``Kind``."""
        from charrnn.models.forecaster.measures import shown_part

        return shown_part(network, data)

    def evaluate(self, network: Any, vocabulary: Any, text: str, training: Any) -> Any:
        """Measure forecasts of a table, beside baselines; see ``Kind``."""
        from charrnn.models.forecaster.measures import evaluate_table

        return evaluate_table(network, text, training)

    def forecast(self, network: Any, horizon: int, text: str | None, training: Any) -> list[float]:
        """Feed the model's outputs back to continue the series; see ``Kind``."""
        from charrnn.models.forecaster.forecast import ahead
        from charrnn.models.forecaster.series import continued, series_in

        config = network.config
        if text is None and training is None:
            raise ConfigError("the run's table is gone: give the rows before the forecast as @FILE")
        if text is None:
            series = training.whole
        else:
            series, _ = continued(training.whole if training else None, series_in(text, config))
        future = len(series.values) - series.known
        if config.inputs and future < horizon:
            names = ", ".join(config.column_names[:-1])
            raise ConfigError(
                f"the table must end with {horizon} rows that give {names} and leave {config.column_names[-1]} empty, "
                f"not {future}: add such rows, or choose a smaller horizon"
            )
        return [float(value) for value in ahead(network, series, [series.known], horizon)[0]]

    def warm_up(self, network: Any, vocabulary: Any, settings: Any, data: Any) -> None:
        """Compile what a preview needs, by making one; see ``Kind``."""
        self.preview(network, vocabulary, data, settings.rng_seed, 0)

    def most_epochs(self, config: Any, characters: int) -> float:
        """Passes over the data after which a model overfits; see ``Kind``."""
        from charrnn.models.forecaster.recipe import most_epochs_of

        return most_epochs_of(characters)


class WindowKind(SeriesKind):
    """A kind whose networks have no state and read a window of past values at each step."""

    lacks = frozenset({"seq_length", "update_every", "reset_probability"})

    def title(self, config: Any) -> str:
        """Name the model, its lags and its hidden units; see ``Kind``."""
        return f"{self.name} of {lags_in_words(config)}, {config.hidden_size} units"

    def parameters(self, config: Any) -> Any:
        """Make the network's tensors, all zero; see ``Kind``."""
        from charrnn.models.narx.network import WindowParameters

        return WindowParameters(config)

    def check_fit(self, config: Any, tensors: Mapping[str, Any]) -> None:
        """Check names, shapes and types of a checkpoint's tensors; see ``Kind``."""
        from charrnn.layers.parameters import check_shapes
        from charrnn.models.narx.network import window_shapes

        check_shapes(window_shapes(config), tensors)

    def load(self, config: Any, tensors: Mapping[str, Any], workers: Any) -> Any:
        """Build the network from a checkpoint's tensors; see ``Kind``."""
        from charrnn.models.narx.network import WindowForecaster

        return WindowForecaster(self.parameters(config).load_tensors(tensors), workers)

    def learner(self, parameters: Any, workers: Any, steps: int, streams: int) -> Any:
        """Make the learner that computes loss and gradient; see ``Kind``."""
        from charrnn.models.forecaster.output import ForecasterLearner
        from charrnn.models.narx.network import WindowForecaster

        network = WindowForecaster(parameters, workers, training=True)
        return ForecasterLearner(network, self.parameters(parameters.config), steps, streams)

    def cost(self, config: Any) -> Any:
        """Compute the memory and operations of training; see ``Kind``."""
        from charrnn.models.forecaster.cost import ForecasterCost
        from charrnn.models.narx.network import window_shapes

        return ForecasterCost(config, window_shapes(config))

    def batches(self, config: Any, settings: Any, data: Any) -> Any:
        """Cut the series into windows of lags, and these into batches; see ``Kind``."""
        from charrnn.models.forecaster.forecast import window_batches

        return window_batches(config, settings, data)

    def fit(self, settings: Any, data: Any) -> tuple[Any, tuple[str, ...]]:
        """Reduce the batch size to the number of rows; see ``Kind``."""
        from dataclasses import replace

        if settings.batch_size <= len(data):
            return settings, ()
        return replace(settings, batch_size=len(data)), (f"{len(data)} rows are few: that many are a batch",)

    def steps_in_epoch(self, config: Any, settings: Any, data: Any) -> int:
        """Batches in one pass over the rows; see ``Kind``."""
        steps: int = math.ceil(len(data) / settings.batch_size)
        return steps

    def choose(self, draft: Any, speed: Callable[[Any, Any], float]) -> float:
        """Choose the options that the user left open; see ``Kind``."""
        from charrnn.models.forecaster.recipe import choose_forecaster

        return choose_forecaster(draft, speed, windows=True)


def lags_in_words(config: Any) -> str:
    """The number of lags in words, such as "10 lags"."""
    return "1 lag" if config.lags == 1 else f"{config.lags} lags"
