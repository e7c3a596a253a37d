"""How far the gradient reaches back: why some networks learn long dependencies and others cannot.

For the loss[T] of one prediction, the norm of

    d loss[T] / d h[T - lag]        (and of the same for the cell's other states)

tells how much a change ``lag`` steps ago still matters. This gradient is a product of ``lag`` Jacobians. In a simple
recurrent network it vanishes exponentially if W_hh is small, and may explode if W_hh is large (Hochreiter 1991; Bengio,
Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013). The largest absolute eigenvalue of W_hh tells which of the
two to expect.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from charrnn.errors import CorpusError
from charrnn.layers.state import copy_state
from charrnn.models.language.learner import TruncatedBPTT
from charrnn.models.language.network import LanguageBuffers, Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.text.batches import Batch
from charrnn.workers import Workers

LAGS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192)
"""Steps back, roughly a geometric series."""

PLACES = 64
"""Number of positions in a text over which the norms are averaged."""

REACH_WARM_UP = 64
"""Characters that are read before the largest lag, to warm up the state."""

Norms = npt.NDArray[np.float64]
Eigenvalues = npt.NDArray[np.complex128]


@dataclass(frozen=True, eq=False)
class Reach:
    """How far a model's gradient reaches in a text.

    Attributes:
        lags: steps back.
        norms: for each state of the cell, (lags, L): the norm of the gradient at each lag, in each layer.
        eigenvalues: for each layer and gate in the checkpoint's order, (H,): eigenvalues of W_hh, largest first.
    """

    lags: tuple[int, ...]
    norms: dict[str, Norms]
    eigenvalues: list[list[Eigenvalues]]


def reach_of(parameters: LanguageParameters, ids: npt.NDArray[np.int32], workers: Workers) -> Reach:
    """Measure how far a model's gradient reaches in a text (N,).

    Raises:
        CorpusError: the text is too short.
    """
    return Reach(LAGS, norms_of(parameters, ids, workers), eigenvalues_of(parameters))


def norms_of(parameters: LanguageParameters, ids: npt.NDArray[np.int32], workers: Workers) -> dict[str, Norms]:
    """Compute ``Reach.norms``, averaged over at most PLACES evenly spaced positions of the text."""
    needed = REACH_WARM_UP + LAGS[-1] + 1
    if len(ids) < needed:
        raise CorpusError(
            f"gradients over {LAGS[-1]} steps need a text of at least {needed} characters, not {len(ids)}: "
            "use a longer text"
        )
    starts = np.unique(np.linspace(0, len(ids) - needed, PLACES).astype(int))
    text = ids[starts + np.arange(needed)[:, np.newaxis]]
    streams = len(starts)
    network = Network(parameters, workers, training=True)
    bptt = TruncatedBPTT(network, LAGS[-1], streams)
    buffers = LanguageBuffers.allocate(parameters.config, REACH_WARM_UP, streams)
    state, position = network.initial_state(streams), 0
    norms: dict[str, list[Any]] = {name: [] for name in network.state_names}
    for lag in reversed(LAGS):
        while position < needed - 1 - lag:
            x = text[position : min(position + REACH_WARM_UP, needed - 1 - lag)]
            network.run(x, state, buffers)
            position += len(x)
        d_state = network.initial_state(streams)
        batch = Batch(text[position:-1], text[-1:])
        bptt.loss_and_gradient(batch, copy_state(state), d_initial=d_state)
        for place, found in enumerate(norms.values()):
            found.append(
                [np.linalg.norm(streams * layer[place].astype(np.float64), axis=1).mean() for layer in d_state]
            )
    return {name: np.array(found[::-1], np.float64) for name, found in norms.items()}


def eigenvalues_of(parameters: LanguageParameters) -> list[list[Eigenvalues]]:
    """Compute ``Reach.eigenvalues`` of the recurrent matrices."""
    H = parameters.config.hidden_size
    found = []
    for layer in range(parameters.config.num_layers):
        gates = parameters[f"rnn.weight_hh_l{layer}"].reshape(-1, H, H)
        values = [np.linalg.eigvals(gate.astype(np.float64)).astype(complex) for gate in gates]
        found.append([one[np.argsort(-np.abs(one), kind="stable")] for one in values])
    return found
