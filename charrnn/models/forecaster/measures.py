"""Measure forecasts: of a run's validation part, and of a table beside baselines.

For errors e of forecasts of a series y:

RMSE = sqrt(mean of e^2)      MASE = mean of |e| / mean of |y[t] - y[t-1]|      (Hyndman and Koehler 2006)

The mean of |y[t] - y[t-1]| is taken over the run's series; if that is gone, over the rows that are forecast.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from charrnn.errors import CorpusError
from charrnn.kinds.evaluation import Evaluation
from charrnn.models.forecaster.forecast import ahead, one_ahead
from charrnn.models.forecaster.rivals import Rival, autoregression, best_order, naive, period_of, seasonal_naive
from charrnn.models.forecaster.series import Part, continued, series_in
from charrnn.models.forecaster.table import SeriesNumbers

PREVIEWED_ROWS = 3


def validate_part(network: Any, part: Part, before_window: Callable[[], None]) -> dict[str, float]:
    """The errors one row ahead: RMSE in the target's units, and MSE of standardised values."""
    before_window()
    errors = one_ahead(network, part.whole)[part.first : part.last] - part.whole.target[part.first : part.last]
    mse = float(np.mean(errors**2))
    return {"rmse": float(np.sqrt(mse)), "mse": mse / network.config.deviations[-1] ** 2}


def shown_part(network: Any, part: Part) -> str:
    """Show the last rows of a part: the prediction of each row and its true value."""
    rows = range(max(part.first, part.last - PREVIEWED_ROWS), part.last)
    predicted, target = one_ahead(network, part.whole), part.whole.target
    return ", ".join(f"{predicted[row]:.5g} (wanted: {target[row]:.5g})" for row in rows)


def evaluate_table(network: Any, text: str, training: Part | None) -> Evaluation:
    """Measure forecasts of the rows that follow the run's series, beside baselines.

    See ``charrnn.kinds.kind.Kind.evaluate``. The baselines learn from the whole series of the run, including its
    validation part.

    Raises:
        CorpusError: no row is left to predict.
    """
    config = network.config
    series, first = continued(training.whole if training else None, series_in(text, config))
    learned = training.whole.target if training else None
    rivals = _rivals(learned, config.period)
    first = max(first, config.lags, *(rival.needed for rival in rivals.values()))
    target, count = series.target, series.known - first
    if count < 1:
        raise CorpusError(
            f"the table must have rows with a value of {config.column_names[-1]} after the first {first}, "
            f"not {series.known} in all: give more rows"
        )
    horizon = min(config.horizon, count)
    origins, rows = np.arange(first, series.known - horizon + 1), np.arange(first, series.known)
    forecasts = {"model": (one_ahead(network, series)[rows, np.newaxis], ahead(network, series, origins, horizon))}
    for name, rival in rivals.items():
        forecasts[name] = rival.forecasts(target, rows, 1), rival.forecasts(target, origins, horizon)
    scale = _naive_error(target[rows[0] - 1 :] if learned is None else learned)
    figures: dict[str, dict[str, float]] = {}
    for name, (one, many) in forecasts.items():
        near, far = one - target[rows, np.newaxis], many - target[origins[:, np.newaxis] + np.arange(horizon)]
        figures[name] = {"rmse": _rmse(near), "mase": _mase(near, scale)}
        figures[name] |= {"rmse_horizon": _rmse(far), "mase_horizon": _mase(far, scale)}
    many_ahead = f"1 to {horizon} rows ahead"
    titles = {"rmse": "RMSE, 1 row ahead", "mase": "MASE, 1 row ahead"}
    titles |= {"rmse_horizon": f"RMSE, {many_ahead}", "mase_horizon": f"MASE, {many_ahead}"}
    return Evaluation(f"{count:,} rows, from {len(origins):,} of them {many_ahead}", titles, figures)


def _rivals(learned: SeriesNumbers | None, period: int) -> dict[str, Rival]:
    """The baselines by name; if there is no training part, only those that learn nothing."""
    rivals = {"naive": naive()}
    if learned is not None:
        period = period or period_of(learned)
    if period > 1:
        rivals[f"seasonal naive ({period})"] = seasonal_naive(period)
    if learned is not None:
        order = best_order(learned)
        rivals[f"AR({order})"] = autoregression(learned, order)
    return rivals


def _naive_error(target: SeriesNumbers) -> float:
    """Mean absolute error of the naive forecast; 1 for a constant series, where it is 0."""
    return float(np.mean(np.abs(np.diff(target)))) or 1.0


def _rmse(errors: SeriesNumbers) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _mase(errors: SeriesNumbers, scale: float) -> float:
    return float(np.mean(np.abs(errors))) / scale
