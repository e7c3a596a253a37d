"""The trainer: a generator of events that prints nothing and writes nothing.

Everything random is a function of the run's seed and the step (initial weights, dropout masks, previews), so that the
counters in ``Progress`` are all that there is to a random generator's state.
"""

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError, TrainingError
from charrnn.kernels.draw import Rules, generator
from charrnn.kernels.updates import Clip, norm_scale
from charrnn.model.config import ModelConfig
from charrnn.model.header import header_of
from charrnn.model.workers import Workers
from charrnn.sampling.batch import opening
from charrnn.sampling.samplers import sampler_of
from charrnn.sampling.streams import Streams
from charrnn.scoring.streams import score
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import Windows
from charrnn.training.events import CheckpointDue, Evaluated, Event, Finished, Sampled, StepDone
from charrnn.training.gradients import learner_of, new_parameters
from charrnn.training.optimization import Updater
from charrnn.training.schedule import rate
from charrnn.training.settings import TrainingSettings

Ids = npt.NDArray[np.int32]
Reason = Literal["steps", "epochs", "minutes", "interrupted"]

PREVIEW_LENGTH = 120
PREVIEW_RULES = Rules(temperature=0.8)

SAVE_SECONDS = 60.0
"""Longest time that a killed run may lose."""

MOST_NATS = 1000.0
"""A loss that no model has that has not diverged; a guess at random costs ln V."""

LARGEST_PARAMETER = 1e6
"""A parameter that no model has that has not diverged."""

PACE_SECONDS = 3.0
"""Time over which ``chars_per_second`` of a step is a mean."""


@dataclass
class Progress:
    """How far a run has come: all that a resumed run needs beside its tensors."""

    step: int = 0
    epoch: int = 0
    window: int = 0
    """Windows of this epoch that are done."""
    seconds: float = 0.0
    loss_sum: float = 0.0
    norm_sum: float = 0.0
    steps_since: int = 0
    characters_since: int = 0
    seconds_since: float = 0.0
    """Sums since the last evaluation."""
    evaluated_step: int = 0
    """The last step that has been evaluated."""
    learning_rate: float = 0.0
    """Of the last update."""
    best_val_bpc: float | None = None


class Trainer:
    """Trains a model on a text that has been turned into ids.

    Attributes:
        config: the model's shape.
        settings: the run's settings, with the batch and window that fit the text.
        vocabulary: the model's characters.
        parameters: the tensors, updated in place.
        progress: how far the run has come.
    """

    def __init__(
        self,
        config: ModelConfig,
        settings: TrainingSettings,
        vocabulary: Vocabulary,
        train_ids: Ids,
        val_ids: Ids,
        *,
        threads: int = 1,
    ) -> None:
        self.config, self.settings, self.vocabulary = config, settings, vocabulary
        self.workers = Workers(threads)
        self.parameters = new_parameters(config).initialise(settings.rng_seed)
        self.progress = Progress()
        self._windows = Windows(train_ids, settings.batch_size, settings.seq_length)
        self._val_ids = val_ids
        self._bptt = learner_of(self.parameters, self.workers, settings.seq_length, settings.batch_size)
        self._network = self._bptt.network
        self._updater = Updater(settings.optimizer, self.parameters, self.workers)
        self._state = self._network.initial_state(settings.batch_size)
        self._stop = threading.Event()
        self._pace: list[tuple[float, int]] = []

    @property
    def eval_every(self) -> int:
        """Steps between two evaluations: by itself, at most about a tenth of the time goes into them."""
        characters = self.settings.batch_size * self.settings.seq_length
        return self.settings.eval_every or max(100, math.ceil(4 * len(self._val_ids) / characters))

    @property
    def parameter_count(self) -> int:
        """Numbers that are learned."""
        return self.parameters.count

    def stop(self) -> None:
        """Ask a running trainer to end after this step. Safe to call from a signal handler."""
        self._stop.set()

    def run(self) -> Iterator[Event]:
        """Train until the first limit is reached.

        Raises:
            TrainingError: training has diverged.
        """
        clock_zero = time.monotonic() - self.progress.seconds
        saved = time.monotonic()
        while True:
            reason = self._limit_reached()
            if self._evaluation_due(reason):
                yield from self._evaluate()
                self.progress.seconds = time.monotonic() - clock_zero
                saved = time.monotonic()
                continue
            if reason is not None:
                break
            if time.monotonic() - saved > SAVE_SECONDS:
                yield self._save("last")
                saved = time.monotonic()
            yield self._train_step(clock_zero)
        if self.progress.step and reason == "interrupted":
            yield self._save("last")
        yield self._finished(reason)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tensors, and a header that JSON can hold; ``restore`` continues from them."""
        tensors = self.parameters.to_tensors() | self._updater.to_tensors()
        for layer, arrays in enumerate(self._state):
            for name, array in zip(self._network.state_names, arrays, strict=True):
                tensors[f"state.{name}_l{layer}"] = array
        header = {
            **header_of(self.config, self.vocabulary),
            "settings": self.settings.to_dict(),
            "progress": asdict(self.progress),
            "epoch": self._epoch(),
        }
        return tensors, header

    def restore(self, tensors: dict[str, Any], header: dict[str, Any]) -> None:
        """Continue from a snapshot of a trainer of the same config and batch.

        Raises:
            CheckpointError: the snapshot lacks something or does not fit.
        """
        try:
            self.parameters.load_tensors(tensors)
            self._updater.load_tensors(tensors)
            for layer, arrays in enumerate(self._state):
                for name, array in zip(self._network.state_names, arrays, strict=True):
                    array[:] = tensors[f"state.{name}_l{layer}"]
            self.progress = Progress(**header["progress"])
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(
                f"the checkpoint cannot be resumed, something is missing or does not fit: {error}"
            ) from error
        self._network.refresh()

    def _train_step(self, clock_zero: float) -> StepDone:
        settings, progress = self.settings, self.progress
        started = time.monotonic()
        self._forget_some()
        x, y = self._windows[progress.window]
        learning_rate = rate(settings, progress.step, self._epoch(), self._done())
        loss = self._bptt.window(x, y, self._state, mask_key=self._mask_key())
        gradient = self._bptt.gradient.vector
        norm = self._updater.norm(gradient)
        self._check(loss < MOST_NATS and math.isfinite(norm), f"loss {loss:.3g} nats, gradient norm {norm:.3g}")
        scale = norm_scale(norm, settings.clip_norm)
        self._updater.update(gradient, Clip(scale, settings.clip_value or math.inf), learning_rate, progress.step + 1)
        self._network.refresh()
        progress.step += 1
        progress.window += 1
        if progress.window == len(self._windows):
            progress.epoch, progress.window = progress.epoch + 1, 0
        now = time.monotonic()
        progress.seconds = now - clock_zero
        progress.learning_rate = learning_rate
        progress.loss_sum += loss
        progress.norm_sum += norm
        progress.steps_since += 1
        progress.characters_since += x.size
        progress.seconds_since += now - started
        return StepDone(
            step=progress.step,
            epoch=self._epoch(),
            seconds=progress.seconds,
            train_bpc=loss / math.log(2),
            learning_rate=learning_rate,
            grad_norm=norm,
            characters=x.size,
            chars_per_second=self._recent_pace(now - started, x.size),
            progress=self._done(),
        )

    def _forget_some(self) -> None:
        """Zero the state of every stream at the start of an epoch, and of a few by chance."""
        random = np.random.default_rng([self.settings.rng_seed, self.progress.step])
        forget = random.random(self.settings.batch_size) < self.settings.reset_probability
        if self.progress.window == 0:
            forget[:] = True
        for layer in self._state:
            for array in layer:
                array[forget] = 0

    def _evaluate(self) -> Iterator[Event]:
        progress, steps = self.progress, self.progress.steps_since
        self._check_parameters()
        val_bpc = score(self._network, self._val_ids).bits_per_character if len(self._val_ids) else None
        self._check(val_bpc is None or val_bpc < MOST_NATS, f"validation loss {val_bpc} bits per character")
        evaluated = Evaluated(
            step=progress.step,
            epoch=self._epoch(),
            seconds=progress.seconds,
            train_bpc=progress.loss_sum / steps / math.log(2),
            val_bpc=val_bpc,
            learning_rate=progress.learning_rate,
            grad_norm=progress.norm_sum / steps,
            chars_per_second=progress.characters_since / progress.seconds_since,
        )
        progress.loss_sum = progress.norm_sum = progress.seconds_since = 0.0
        progress.steps_since = progress.characters_since = 0
        progress.evaluated_step = progress.step
        best = val_bpc is not None and (progress.best_val_bpc is None or val_bpc < progress.best_val_bpc)
        if best:
            progress.best_val_bpc = val_bpc
        yield evaluated
        yield Sampled(progress.step, self._preview())
        if best:
            yield self._save("best")
        yield self._save("last")

    def _evaluation_due(self, reason: Reason | None) -> bool:
        """Whether this step should be evaluated now; what an interrupt left out is made up for after a resume."""
        step = self.progress.step
        if reason == "interrupted" or step in (0, self.progress.evaluated_step):
            return False
        return reason is not None or step % self.eval_every == 0

    def _save(self, kind: Literal["last", "best"]) -> CheckpointDue:
        self._check_parameters()
        return CheckpointDue(self.progress.step, kind)

    def _check_parameters(self) -> None:
        largest = float(np.abs(self.parameters.vector).max())
        self._check(largest < LARGEST_PARAMETER, f"parameters up to {largest:.3g}")

    def _check(self, good: bool, got: str) -> None:
        """A diverged model must neither be trained on nor take the place of a good one; a NaN is never good."""
        if not good:
            raise TrainingError(
                f"training has diverged at step {self.progress.step} ({got}): "
                "lower --learning-rate or --clip-norm; what was saved before is kept"
            )

    def _preview(self) -> str:
        start = self.vocabulary.encode(opening(self.vocabulary))
        generators = generator(self.settings.rng_seed, self.progress.step)[np.newaxis]
        streams = Streams.beginning(sampler_of(self._network), start, generators)
        return self.vocabulary.decode(streams.draw(PREVIEW_LENGTH, PREVIEW_RULES).ids[0])

    def _epoch(self) -> float:
        return self.progress.epoch + self.progress.window / len(self._windows)

    def _parts_done(self) -> dict[Reason, float]:
        settings, progress = self.settings, self.progress
        parts: dict[Reason, float] = {}
        if settings.steps:
            parts["steps"] = progress.step / settings.steps
        if settings.epochs:
            parts["epochs"] = self._epoch() / settings.epochs
        if settings.minutes:
            parts["minutes"] = progress.seconds / (60 * settings.minutes)
        return parts

    def _done(self) -> float:
        return min(1.0, max(self._parts_done().values()))

    def _limit_reached(self) -> Reason | None:
        if self._stop.is_set():
            return "interrupted"
        return next((name for name, part in self._parts_done().items() if part >= 1), None)

    def _finished(self, reason: Reason) -> Finished:
        progress = self.progress
        return Finished(progress.step, self._epoch(), progress.seconds, reason, progress.best_val_bpc)

    def _mask_key(self) -> int:
        return int(generator(self.settings.rng_seed, self.progress.step)[3]) & 0x7FFFFFFF

    def _recent_pace(self, seconds: float, characters: int) -> float:
        self._pace.append((seconds, characters))
        while len(self._pace) > 1 and sum(s for s, _ in self._pace[1:]) > PACE_SECONDS:
            self._pace.pop(0)
        return sum(c for _, c in self._pace) / sum(s for s, _ in self._pace)
