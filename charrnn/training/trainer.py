"""The trainer: a generator of events that prints nothing and writes nothing.

Everything random is a function of the run's seed and the step (initial weights, dropout masks, previews), so that the
counters in ``Progress`` are all that there is to a random generator's state. Nothing depends on when a run is saved:
the state to which a divergence goes back is that of the last evaluation, and a checkpoint made since holds it too.
"""

import math
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from charrnn.errors import CheckpointError, TrainingError
from charrnn.kernels.draw import generator
from charrnn.kernels.updates import Clip, norm_scale
from charrnn.model.config import ModelConfig
from charrnn.model.header import header_of
from charrnn.model.workers import Workers
from charrnn.model.workspace import State, copy_state
from charrnn.scoring.streams import score
from charrnn.text.corpus import check_ids
from charrnn.text.vocabulary import Vocabulary
from charrnn.text.windows import Windows
from charrnn.training.events import CheckpointDue, Evaluated, Event, Finished, RolledBack, Sampled, StepDone
from charrnn.training.gradients import learner_of, new_parameters
from charrnn.training.optimization import Updater
from charrnn.training.preview import preview
from charrnn.training.progress import Clock, Pace, Progress
from charrnn.training.schedule import rate
from charrnn.training.settings import Limit, TrainingSettings, parts_done

Array = npt.NDArray[Any]
Ids = npt.NDArray[np.integer[Any]]
Reason = Limit | Literal["interrupted"]

SAVE_SECONDS = 60.0
"""Time between two saves of a run that is not told how often to save."""

MOST_NATS = 1000.0
"""A loss that no model has that has not diverged; a guess at random costs ln V."""

LARGEST_PARAMETER = 1e6
"""A parameter that no model has that has not diverged."""

MOST_ROLLBACKS = 5
"""How often a run may diverge between two evaluations."""

SPIKE = 10.0
"""A gradient so many times longer than the mean since the last evaluation is a spike."""


@dataclass(frozen=True)
class GoodState:
    """Where a run that diverges goes on: copies of its tensors and of its progress."""

    tensors: dict[str, Array]
    progress: Progress


class DivergedError(Exception):
    """The model is no longer fit to be trained; the message says what shows it."""


class Trainer:
    """Trains a model on a text that has been turned into ids.

    Attributes:
        config: the model's shape.
        settings: the run's settings, with the batch and window that fit the text.
        vocabulary: the model's characters.
        parameters: the tensors, updated in place.
        progress: how far the run has come.
        clock: how long it has taken.

    Args:
        config: the model's shape.
        settings: with the batch and window that fit the text.
        vocabulary: the model's characters.
        train_ids: (N,) the text to train on, of any integer type.
        val_ids: (M,) the text to validate with; may be empty.
        threads: how many; they change no result.
        save_every: steps between two saves; 0 saves about once a minute. It changes no result either.
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
        save_every: int = 0,
    ) -> None:
        self.config, self.settings, self.vocabulary = config, settings, vocabulary
        self.workers = Workers(threads)
        self.parameters = new_parameters(config).initialise(settings.rng_seed)
        self.progress, self.clock = Progress(), Clock()
        context = settings.seq_length - settings.window
        self._windows = Windows(train_ids, settings.batch_size, settings.window, context)
        self._val_ids = val_ids
        self._learner = learner_of(self.parameters, self.workers, settings.seq_length, settings.batch_size)
        self._network = self._learner.network
        self._updater = Updater(settings.optimizer, self.parameters, self.workers)
        self._state = self._network.initial_state(settings.batch_size)
        self._stop = threading.Event()
        self._pace = Pace()
        self._save_every = save_every
        self._saved_at = time.monotonic()
        self._good = self._good_state()

    @property
    def eval_every(self) -> int:
        """Steps between two evaluations: by itself, at most about a tenth of the time goes into them."""
        characters = self.settings.batch_size * self.settings.window
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
            TrainingError: training has diverged again and again.
        """
        clock_zero = time.monotonic() - self.clock.seconds
        self._saved_at = time.monotonic()
        reason = None
        while reason is None:
            try:
                reason = yield from self._advance(clock_zero)
            except DivergedError as diverged:
                yield self._roll_back(str(diverged))
        yield self._finished(reason)

    def _advance(self, clock_zero: float) -> Generator[Event, None, Reason | None]:
        """Do what is due, or else a step; returns why the run ends, or None if it goes on."""
        reason = self._limit_reached()
        if self._evaluation_due(reason):
            yield from self._evaluate()
            self.clock.seconds = time.monotonic() - clock_zero
            return None
        if reason == "interrupted" and self.progress.step:
            self._check_state()
            yield self._save("last")
        elif self._save_due() and self._is_sound():
            yield self._save("last")
        if reason is None:
            yield self._train_step(clock_zero)
        return reason

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Tensors, and a header that JSON can hold; ``restore`` continues from them."""
        good = self._good
        tensors = self._tensors()
        header = {
            **header_of(self.config, self.vocabulary),
            "settings": self.settings.to_dict(),
            "progress": self.progress.to_dict(),
            "epoch": self._epoch(),
            "parameters": self.parameter_count,
        }
        if good.progress.step != self.progress.step:
            tensors |= {f"good.{name}": tensor for name, tensor in good.tensors.items()}
            header["good"] = good.progress.to_dict()
        return tensors, header

    def restore(self, tensors: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        """Continue from a snapshot of a trainer of the same config and batch.

        Raises:
            CheckpointError: the snapshot lacks something or does not fit.
        """
        try:
            if "good" in header:
                good = {name.removeprefix("good."): t for name, t in tensors.items() if name.startswith("good.")}
                self._load(good, Progress.from_dict(header["good"]))
                self._good = self._good_state()
            self._load(tensors, Progress.from_dict(header["progress"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(
                f"the checkpoint cannot be resumed, something is missing or does not fit: {error}"
            ) from error
        if "good" not in header:
            self._good = self._good_state()

    def _tensors(self) -> dict[str, Array]:
        """All that changes in training, by name."""
        tensors = self.parameters.to_tensors() | self._updater.to_tensors()
        for layer, arrays in enumerate(self._state):
            for name, array in zip(self._network.state_names, arrays, strict=True):
                tensors[f"state.{name}_l{layer}"] = array
        return tensors

    def _load(self, tensors: Mapping[str, Array], progress: Progress) -> None:
        """Take over what ``_tensors`` gave."""
        for name, own in self._tensors().items():
            if (tensors[name].shape, tensors[name].dtype) != (own.shape, own.dtype):
                raise ValueError(f"{name} has shape {tensors[name].shape} of {tensors[name].dtype}")
        if progress.window >= len(self._windows):
            raise ValueError(f"window {progress.window} of {len(self._windows)}")
        names, layers = self._network.state_names, range(len(self._state))
        state: State = [tuple(tensors[f"state.{name}_l{layer}"] for name in names) for layer in layers]
        self._network.check_state(state)
        self.parameters.load_tensors(tensors)
        self._updater.load_tensors(tensors)
        self._state = copy_state(state)
        self.progress = progress
        self._network.refresh()

    def _good_state(self) -> GoodState:
        return GoodState({name: tensor.copy() for name, tensor in self._tensors().items()}, replace(self.progress))

    def _roll_back(self, why: str) -> RolledBack:
        """Go back to the last good state, and learn at half the rate from there."""
        step, good = self.progress.step, self._good.progress
        if good.rollbacks_since == MOST_ROLLBACKS:
            raise TrainingError(
                f"training has diverged at step {step} ({why}), {MOST_ROLLBACKS} times in a row at ever lower rates: "
                "lower --learning-rate or --clip-norm; what was saved before is kept"
            )
        good.rate_factor /= 2
        good.rollbacks += 1
        good.rollbacks_since += 1
        self._load(self._good.tensors, replace(good))
        return RolledBack(step, good.step, good.rate_factor, why)

    def _train_step(self, clock_zero: float) -> StepDone:
        settings, progress, clock = self.settings, self.progress, self.clock
        started = time.monotonic()
        windows, window = self._windows, progress.window
        x, y = windows[window]
        for ids in (x, y):
            check_ids(ids, self.config.vocab_size)
        lead, advance = windows.lead(window), windows.start(window + 1) - windows.start(window)
        characters = (len(x) - lead) * settings.batch_size
        learning_rate = progress.rate_factor * rate(settings, progress.step, self._epoch(), self._done())
        loss = self._learner.window(
            x, y, self._state, lead=lead, advance=advance, fresh=self._fresh(), mask_key=self._mask_key()
        )
        gradient = self._learner.gradient.vector
        norm = self._updater.norm(gradient)
        self._check(loss < MOST_NATS and math.isfinite(norm), f"loss {loss:.3g} nats, gradient norm {norm:.3g}")
        scale = norm_scale(norm, settings.clip_norm)
        self._updater.update(gradient, Clip(scale, settings.clip_value or math.inf), learning_rate, progress.step + 1)
        self._network.refresh()
        progress.step += 1
        progress.window += 1
        if progress.window == len(windows):
            progress.epoch, progress.window = progress.epoch + 1, 0
        progress.learning_rate = learning_rate
        progress.spikes_since += norm * progress.steps_since > SPIKE * progress.norm_sum
        progress.loss_sum += loss
        progress.norm_sum += norm
        progress.steps_since += 1
        now = time.monotonic()
        clock.seconds = now - clock_zero
        clock.training_seconds += now - started
        clock.characters += characters
        return StepDone(
            step=progress.step,
            epoch=self._epoch(),
            seconds=clock.seconds,
            train_bpc=loss / math.log(2),
            learning_rate=learning_rate,
            grad_norm=norm,
            characters=characters,
            chars_per_second=self._pace.add(now - started, characters),
            progress=self._done(),
        )

    def _fresh(self) -> npt.NDArray[np.bool_]:
        """The streams that forget their past: all where a window starts with the text, and a few by chance."""
        random = np.random.default_rng([self.settings.rng_seed, self.progress.step])
        fresh = random.random(self.settings.batch_size) < self.settings.reset_probability
        return fresh | (self._windows.start(self.progress.window) == 0)

    def _evaluate(self) -> Iterator[Event]:
        progress, steps = self.progress, self.progress.steps_since
        self._check_state()
        val_bpc = score(self._network, self._val_ids).bits_per_character if len(self._val_ids) else None
        self._check(val_bpc is None or val_bpc < MOST_NATS, f"validation loss {val_bpc} bits per character")
        evaluated = Evaluated(
            step=progress.step,
            epoch=self._epoch(),
            seconds=self.clock.seconds,
            train_bpc=progress.loss_sum / steps / math.log(2),
            val_bpc=val_bpc,
            learning_rate=progress.learning_rate,
            grad_norm=progress.norm_sum / steps,
            chars_per_second=self.clock.chars_per_second(),
            spikes=progress.spikes_since,
            rollbacks=progress.rollbacks,
        )
        progress.clear_sums()
        self.clock = Clock(self.clock.seconds)
        progress.evaluated_step = progress.step
        best = val_bpc is not None and (progress.best_val_bpc is None or val_bpc < progress.best_val_bpc)
        if best:
            progress.best_val_bpc = val_bpc
        self._good = self._good_state()
        yield evaluated
        yield Sampled(progress.step, preview(self._network, self.vocabulary, self.settings.rng_seed, progress.step))
        if best:
            yield self._save("best")
        yield self._save("last")

    def _evaluation_due(self, reason: Reason | None) -> bool:
        """Whether this step should be evaluated now; what an interrupt left out is made up for after a resume."""
        step = self.progress.step
        if reason == "interrupted" or step in (0, self.progress.evaluated_step):
            return False
        return reason is not None or step % self.eval_every == 0

    def _save_due(self) -> bool:
        if self.progress.step == self._good.progress.step:  # saved by the evaluation
            return False
        if self._save_every:
            return self.progress.step % self._save_every == 0
        return time.monotonic() - self._saved_at > SAVE_SECONDS

    def _save(self, kind: Literal["last", "best"]) -> CheckpointDue:
        self._saved_at = time.monotonic()
        return CheckpointDue(self.progress.step, kind)

    def _is_sound(self) -> bool:
        """Whether the state may be saved; if not, the next evaluation goes back."""
        try:
            self._check_state()
        except DivergedError:
            return False
        return True

    def _check_state(self) -> None:
        """A diverged model must not take the place of a good one."""
        largest = float(np.abs(self.parameters.vector).max())
        self._check(largest < LARGEST_PARAMETER, f"parameters up to {largest:.3g}")
        rest = [self._updater.slots, *(array for layer in self._state for array in layer)]
        self._check(all(np.isfinite(array).all() for array in rest), "the optimizer's state or the model's")

    def _check(self, good: bool, got: str) -> None:
        """Stop what is under way unless ``good``; comparisons with a NaN are not."""
        if not good:
            raise DivergedError(got)

    def _epoch(self) -> float:
        return self.progress.epoch + self.progress.window / len(self._windows)

    def _parts_done(self) -> dict[Limit, float]:
        return parts_done(self.settings.limits, self.progress.step, self._epoch(), self.clock.seconds)

    def _done(self) -> float:
        return min(1.0, max(self._parts_done().values()))

    def _limit_reached(self) -> Reason | None:
        if self._stop.is_set():
            return "interrupted"
        return next((name for name, part in self._parts_done().items() if part >= 1), None)

    def _finished(self, reason: Reason) -> Finished:
        progress = self.progress
        return Finished(progress.step, self._epoch(), self.clock.seconds, reason, progress.best_val_bpc)

    def _mask_key(self) -> int:
        return int(generator(self.settings.rng_seed, self.progress.step)[3]) & 0x7FFFFFFF
