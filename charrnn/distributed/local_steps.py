"""Training with local steps, DiLoCo (Douillard et al. 2023, "DiLoCo: distributed low-communication training").

Each process trains its own copy of the model on its rows for a round of K steps, with its own optimizer state. Then the
mean difference of the copies from the parameters before the round is the gradient of an outer step, SGD with Nesterov's
momentum, from whose result all go on:

    d = theta - mean over r of theta_r
    m = mu m + d
    theta = theta - eta (d + mu m)

The gradient of one of n parts of a batch has n times the variance. Rules such as Adam divide by the root of its mean
square, so the copies would move more slowly than one model that learns from the whole batch. So their learning rate is
multiplied by the root of n (Malladi et al. 2022, "On the SDEs and scaling rules for adaptive gradient algorithms"). The
mean over the copies then moves as fast, and has as much noise, as that model.

By default eta is 1 and mu is 0, so all go on from the mean: in tens or hundreds of rounds, as a run here has, momentum
costs more than it gains; see docs/distributed.md. The processes exchange their parameters once in a round instead of
their gradients at each step. Runs are saved, evaluated and stopped between two rounds only; the last round ends with
the run.
"""

import math

import numpy as np

from charrnn.distributed.communicator import Communicator
from charrnn.distributed.synchronous import Synchronous
from charrnn.kernels.arrays import Array
from charrnn.kinds.metric import MOST_NATS
from charrnn.optimizers.contract import find_optimizer
from charrnn.text.batches import Batch
from charrnn.training.divergence import check
from charrnn.training.settings import TrainingSettings
from charrnn.training.together import TensorMap, Wishes

OF_OPTIMIZER = "optimizer."
"""Prefix of the names of tensors that each process has for itself."""

MOMENTUM = "optimizer.outer_momentum"


class LocalSteps(Synchronous):
    """The processes of a run that average their parameters after each round.

    Args:
        communicator: the processes.
        settings: K, eta and mu.
    """

    def __init__(self, communicator: Communicator, settings: TrainingSettings) -> None:
        super().__init__(communicator)
        self._steps = settings.sync_every
        self._rate, self._mu = settings.outer_rate, settings.outer_momentum
        if find_optimizer(settings.optimizer).normalises:
            self.rate_factor = math.sqrt(self.processes)
        self._done = 0
        """Steps of this round that are done."""
        self._seconds = 0.0
        self._theta, self._momentum = np.empty(0), np.empty(0)

    def whole_rounds(self, steps: int) -> int:
        """Round up to a multiple of a round."""
        return -(-steps // self._steps) * self._steps

    def mean(self, loss: float, gradient: Array, own: Batch, batch: Batch) -> float:
        """Leave the own rows' loss and gradient as they are; if they show divergence, end the round for all."""
        if not (loss < MOST_NATS and np.isfinite(gradient).all()):
            self._check_all(loss)
        self._done += 1
        return loss

    def agree(self, step: int, wishes: Wishes, ends: bool, parameters: Array) -> tuple[Wishes, bool]:
        """Decide after a round, and go on within one."""
        if self._done and step % self._steps and not ends:
            return Wishes(self._seconds, save=False, stop=False), False
        if ended := bool(self._done):
            self._check_all(0.0)
            self._step_outside(parameters)
        else:
            self._theta = parameters.copy()
        decision = self._decision(wishes)
        self._seconds = decision.seconds
        return decision, ended

    def _check_all(self, loss: float) -> None:
        """Raise ``DivergedError`` in all processes if one of them has seen a loss that shows divergence."""
        losses = self._communicator.exchange([loss])[:, 0]
        worst = float(losses[np.argmax(~(losses < MOST_NATS))])
        check(worst < MOST_NATS, f"loss {worst:.3g} nats")

    def _step_outside(self, parameters: Array) -> None:
        """Do the outer step; all processes then have the same parameters."""
        theta, number = self._theta, parameters.dtype.type
        difference = theta - parameters
        self._communicator.add_up(difference)
        difference *= number(1 / self.processes)
        if not self._momentum.size:
            self._momentum = np.zeros_like(theta)
        self._momentum *= number(self._mu)
        self._momentum += difference
        theta -= number(self._rate) * (difference + number(self._mu) * self._momentum)
        parameters[:] = theta
        self._done = 0

    def gather(self, tensors: TensorMap) -> None:
        """Collect the optimizers' states as well, and the outer momentum."""
        super().gather(tensors)
        states = {name: self._joined(array[np.newaxis]) for name, array in tensors.items() if _is_own(name)}
        if self.rank == 0:
            self._whole |= states | {MOMENTUM: self._momentum}

    def _part(self, name: str, array: Array) -> Array:
        return array[self.rank] if _is_own(name) else super()._part(name, array)

    def scatter(self, tensors: TensorMap) -> TensorMap:
        """The own part of the tensors, from which a new round starts."""
        own = dict(super().scatter(tensors))
        self._momentum = own.pop(MOMENTUM).copy()
        self._done = 0
        return own


def _is_own(name: str) -> bool:
    """Whether a tensor differs from process to process between two rounds, too."""
    return name.startswith(OF_OPTIMIZER) and name != MOMENTUM
