"""The trainer of models that learn by gradients; it neither prints nor writes files.

Everything random (initial weights, dropout masks, previews) is a function of the run's seed and the step, so no state
of a random generator has to be saved. Results do not depend on when a run is saved: after divergence it returns to the
state of the last evaluation, which every later checkpoint also contains.
"""

import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from typing import Any

from charrnn.clock import running_seconds
from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array
from charrnn.kernels.draw import generator
from charrnn.kinds.config import ModelConfig
from charrnn.kinds.metric import MOST_NATS
from charrnn.kinds.transfer import Pretrained
from charrnn.layers.state import State, copy_state
from charrnn.optimizers.optimizer import Optimizer
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.contract import BaseTrainer, Reason, StoppedError
from charrnn.training.divergence import DivergedError, GoodState, check, check_state
from charrnn.training.events import CheckpointDue, Evaluated, Event, RolledBack, StepDone
from charrnn.training.memory import check_memory
from charrnn.training.progress import Clock, Progress, Throughput
from charrnn.training.settings import Limit, TrainingSettings, parts_done
from charrnn.training.together import Wishes

HASTE = 8
"""Beside another limit, minutes lower the learning rate only in the last 1 / HASTE of the time."""

SAVE_SECONDS = 60.0
"""Default time between two saves."""


class Trainer(BaseTrainer):
    """Trains a model by gradients.

    Attributes:
        parameters: the tensors, updated in place.
        learner: computes loss and gradient.
        optimizer: the update rule and its state.
        state: the model's state after the last batch.
    """

    def __init__(
        self,
        config: ModelConfig,
        settings: TrainingSettings,
        vocabulary: Vocabulary,
        train_ids: Any,
        val_ids: Any,
        **how: Any,
    ) -> None:
        super().__init__(config, settings, vocabulary, train_ids, val_ids, **how)
        kind = config.kind
        self._batches = kind.batches(config, settings, train_ids)
        streams = self._together.streams(settings.batch_size)
        check_memory(config, replace(settings, batch_size=streams), self._batches.longest)
        self.parameters = kind.parameters(config).initialise(settings.rng_seed)
        self.learner = kind.learner(self.parameters, self.workers, self._batches.longest, streams)
        vector, decaying = self.parameters.vector, self.parameters.decaying
        self.optimizer = Optimizer(settings.optimizer, vector, decaying, self.workers, settings.hyperparameters)
        self.state = self.learner.network.initial_state(streams)
        self._throughput = Throughput()
        self._saved_at = running_seconds()
        self._good = GoodState.of({}, self.progress)
        self._interrupted = False

    @property
    def eval_every(self) -> int:
        """Steps between two evaluations; by default they take at most about a tenth of the time."""
        characters = self.settings.batch_size * self.settings.window / self._together.processes  # only one evaluates
        every = self.settings.eval_every or max(100, math.ceil(4 * len(self._val_ids) / characters))
        return self._together.whole_rounds(every)

    @property
    def parameter_count(self) -> int:
        """Number of learned parameters."""
        return self.parameters.count

    def begin_with(self, pretrained: Pretrained) -> None:
        """Start from another model's weights; everything else is as in a new run."""
        pretrained.fill(self.parameters, self.vocabulary)
        self.learner.network.refresh()

    def run(self) -> Iterator[Event]:
        """Train, evaluate and roll back until a limit is reached; see ``BaseTrainer``."""
        clock_zero = running_seconds() - self.clock.seconds
        self._saved_at = running_seconds()
        if self._good.progress.step == self.progress.step:
            self._remember()
        reason = None
        while reason is None:
            try:
                reason = yield from self._advance(clock_zero)
            except DivergedError as diverged:
                yield self._roll_back(str(diverged))
            except StoppedError:  # the evaluation was broken off; a resumed run repeats it
                continue
        yield self._finished(reason)

    def _advance(self, clock_zero: float) -> Generator[Event, None, Reason | None]:
        """Evaluate if due; else save if due, and do a step. Returns the reason if the run ends, else None."""
        save = self._agree()
        reason = self._limit_reached()
        if self._evaluation_due(reason):
            yield from self._evaluate()
            self._saved_at = running_seconds()
            self.clock.seconds = self._saved_at - clock_zero
            return None
        if reason == "interrupted" and self.progress.step:
            self._check_state()
            yield self._save()
        elif save and self._is_sound():
            yield self._save()
        if reason is None:
            yield self._train_step(clock_zero)
        return reason

    def _agree(self) -> bool:
        """Decide with the other processes whether to stop, and on the run's time; returns whether to save."""
        wishes = Wishes(self.clock.seconds, self._save_due(), self._stop.is_set())
        ends = any(part >= 1 for limit, part in self.limits_used().items() if limit != "minutes")
        agreed, changed = self._together.agree(self.progress.step, wishes, ends, self.parameters.vector)
        self.clock.seconds, save, self._interrupted = agreed
        if changed:
            self.learner.network.refresh()
        return save

    def _remember(self) -> None:
        """Make the current state the good state."""
        self._together.gather(self._tensors())
        self._good = GoodState.of(self._together.gathered(self._tensors()), self.progress)

    def snapshot(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The current state and, if it is another one, the good state to roll back to; see ``BaseTrainer``."""
        good, tensors, header = self._good, self._together.gathered(self._tensors()), self._header()
        if good.progress.step != self.progress.step:
            tensors |= {f"good.{name}": tensor for name, tensor in good.tensors.items()}
            header["good"] = good.progress.to_dict(self.metric)
        return tensors, header

    def restore(self, tensors: Mapping[str, Any], header: Mapping[str, Any]) -> None:
        """Load the current state and the good state from a snapshot; see ``BaseTrainer``."""
        try:
            if "good" in header:
                good = {name.removeprefix("good."): t for name, t in tensors.items() if name.startswith("good.")}
                self._load(good, Progress.from_dict(header["good"]))
                self._good = GoodState.of(good, self.progress)
            self._load(tensors, Progress.from_dict(header["progress"]))
            rate_before = header["settings"]["learning_rate"]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(
                f"the checkpoint cannot be resumed: something is missing or does not fit ({error}); start a new run"
            ) from error
        if "good" not in header:
            self._good = GoodState.of({}, self.progress)
        if self.settings.learning_rate != rate_before:
            self.progress.forget_divergence()
            self._good.progress.forget_divergence()

    def _tensors(self) -> dict[str, Array]:
        """Parameters, optimizer state and model state, by name."""
        tensors = self.parameters.to_tensors() | self.optimizer.to_tensors()
        for layer, arrays in enumerate(self.state):
            for name, array in zip(self.learner.network.state_names, arrays, strict=True):
                tensors[f"state.{name}_l{layer}"] = array
        return tensors

    def _load(self, tensors: Mapping[str, Array], progress: Progress) -> None:
        """Copy in tensors from ``gathered``, and set the progress."""
        own = self._together.scatter(tensors)
        state = self._together.each(lambda: self._state_in(own, progress))
        self.parameters.load_tensors(own)
        self.optimizer.load_tensors(own)
        self.state = copy_state(state)
        self.progress = progress
        self.learner.network.refresh()
        self._batches.begin_epoch(progress.epoch)

    def _state_in(self, tensors: Mapping[str, Array], progress: Progress) -> State:
        """Find the state in tensors from ``_tensors``; raises ``ValueError`` if they or the progress do not fit."""
        for name, own in self._tensors().items():
            if (tensors[name].shape, tensors[name].dtype) != (own.shape, own.dtype):
                raise ValueError(f"{name} has shape {tensors[name].shape} of {tensors[name].dtype}")
        if progress.window >= len(self._batches):
            raise ValueError(f"window {progress.window} of {len(self._batches)}")
        names, layers = self.learner.network.state_names, range(len(self.state))
        state: State = [tuple(tensors[f"state.{name}_l{layer}"] for name in names) for layer in layers]
        self.learner.network.check_state(state)
        return state

    def _roll_back(self, why: str) -> RolledBack:
        """Return to the last good state, at half the learning rate."""
        step = self.progress.step
        self._load(self._good.tensors, self._good.slowed(step, why))
        return RolledBack(step, self.progress.step, self.progress.rate_factor, why)

    def _train_step(self, clock_zero: float) -> StepDone:
        settings, progress, clock = self.settings, self.progress, self.clock
        started = running_seconds()
        if progress.window == 0:
            self._batches.begin_epoch(progress.epoch)
        batch = self._batches.batch(progress.window, progress.step)
        learning_rate = progress.rate_factor * settings.learning_rate_at(progress.step, self._epoch(), self._annealed())
        own = self._together.rows(batch)
        loss = self.learner.loss_and_gradient(own, self.state, dropout_seed=self._dropout_seed())
        loss = self._together.mean(loss, self.learner.gradient.vector, own, batch)
        check(loss < MOST_NATS, f"loss {loss:.3g} nats")
        is_updated = self.optimizer.clip_and_update(
            self.learner.gradient.vector,
            self._together.rate_factor * learning_rate,
            progress.step + 1,
            clip_norm=settings.clip_norm,
            clip_value=settings.clip_value,
            weight_decay=settings.weight_decay / self._together.rate_factor,  # it is multiplied by the rate
        )
        norm = self.optimizer.norm
        check(is_updated, f"loss {loss:.3g} nats, gradient norm {norm:.3g}")
        self.learner.network.refresh()
        progress.add_step(loss, norm, learning_rate, windows=len(self._batches))
        now = running_seconds()
        clock.seconds = now - clock_zero
        clock.training_seconds += now - started
        clock.characters += batch.characters
        return StepDone(
            step=progress.step,
            epoch=self._epoch(),
            seconds=clock.seconds,
            train=self._of_loss(loss),
            val={},
            learning_rate=learning_rate,
            grad_norm=norm,
            characters=batch.characters,
            chars_per_second=self._throughput.add(now - started, batch.characters),
            progress=self._done(),
        )

    def _of_loss(self, loss: float) -> dict[str, float]:
        """Convert a loss in nats to the metrics that are losses in other units."""
        return {metric.name: loss / metric.nats for metric in self.config.kind.metrics if metric.nats}

    def _evaluate(self) -> Iterator[Event]:
        progress, steps = self.progress, self.progress.steps_since
        self._check_state()
        val = self._together.first(lambda: self._validated(self.learner.network))
        value = val[self.metric.name]
        check(value is None or self.metric.is_sound(value), f"validation {self.metric.title} {value}")
        evaluated = Evaluated(
            step=progress.step,
            epoch=self._epoch(),
            seconds=self.clock.seconds,
            train=self._of_loss(progress.loss_sum / steps),
            val=val,
            learning_rate=progress.learning_rate,
            grad_norm=progress.norm_sum / steps,
            chars_per_second=self.clock.chars_per_second(),
            spikes=progress.spikes_since,
            rollbacks=progress.rollbacks,
        )
        progress.clear_sums()
        self.clock = Clock(self.clock.seconds)
        best = progress.evaluated(value, self.metric)
        self._remember()
        yield from self._told(evaluated, self.learner.network, best)

    def _evaluation_due(self, reason: Reason | None) -> bool:
        """Whether to evaluate now; an evaluation that an interrupt skipped is due once the run is resumed."""
        step = self.progress.step
        if reason == "interrupted" or step in (0, self.progress.evaluated_step):
            return False
        return reason is not None or step % self.eval_every == 0

    def _save_due(self) -> bool:
        if self.progress.step == self._good.progress.step:  # the evaluation has saved this step
            return False
        if self._save_every:
            return self.progress.step % self._together.whole_rounds(self._save_every) == 0
        return running_seconds() - self._saved_at > SAVE_SECONDS

    def _save(self) -> CheckpointDue:
        self._saved_at = running_seconds()
        self._together.gather(self._tensors())
        return CheckpointDue(self.progress.step, "last")

    def _is_sound(self) -> bool:
        """Whether the state may be saved; if not, the next evaluation rolls back."""
        try:
            self._check_state()
        except DivergedError:
            return False
        return True

    def _check_state(self) -> None:
        """Raise ``DivergedError`` if the state shows divergence, so that it is never saved in place of a good one."""
        rest = [self.optimizer.states, *(array for layer in self.state for array in layer)]
        self._together.each(lambda: check_state(self.parameters.vector, rest))

    def _epoch(self) -> float:
        return self.progress.epoch + self.progress.window / len(self._batches)

    def limits_used(self) -> dict[Limit, float]:
        """The fraction of each limit that the run has used."""
        return parts_done(self.settings.limits, self.progress.step, self._epoch(), self.clock.seconds)

    def _done(self) -> float:
        """The fraction of the run that is done."""
        return min(1.0, max(self.limits_used().values()))

    def _annealed(self) -> float:
        """The fraction of the learning rate's schedule that is done, 0 to 1.

        If there is another limit, which keeps the schedule reproducible, minutes count only near their end. They still
        lower the learning rate of a run that is too slow to reach the other limit in time.
        """
        parts = self.limits_used()
        if "minutes" in parts and len(parts) > 1:
            parts["minutes"] = 1 - HASTE * (1 - parts["minutes"])
        return min(1.0, max(parts.values()))

    def _limit_reached(self) -> Reason | None:
        if self._interrupted:
            return "interrupted"
        if self.progress.has_waited(self.settings.patience):
            return "patience"
        return next((name for name, part in self.limits_used().items() if part >= 1), None)

    def _dropout_seed(self) -> int:
        seed = int(generator(self.settings.rng_seed, self.progress.step)[3]) & 0x7FFFFFFF
        return self._together.dropout_seed(seed, self.settings.batch_size)
