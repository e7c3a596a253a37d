"""Drawing text, one character at a time: prime the state with a prefix, then step and draw."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from charrnn.errors import ConfigError
from charrnn.kernels.draw import draw
from charrnn.model.network import Network
from charrnn.model.workspace import Workspace

PRIME_WINDOW = 128
"""Characters of the prefix that are read at once."""

Ids = npt.NDArray[np.int32]


def sample_ids(
    network: Network, prefix: Ids, length: int, temperature: float, generator: npt.NDArray[np.uint64]
) -> Iterator[int]:
    """Draw ``length`` ids, each as soon as it is drawn.

    Args:
        network: the model.
        prefix: (N,) ids to read first, at least one.
        length: how many to draw, 0 or more.
        temperature: divides the logits; 0 takes the most probable id.
        generator: (4,) state of the random generator, advanced.

    Raises:
        ConfigError: the length or the temperature is out of range.
    """
    if length < 0:
        raise ConfigError(f"length must be at least 0, not {length}")
    if not 0 <= temperature < np.inf:
        raise ConfigError(f"temperature must be a finite number of at least 0, not {temperature}")
    return _draw_ids(network, prefix, length, temperature, generator)


def _draw_ids(
    network: Network, prefix: Ids, length: int, temperature: float, generator: npt.NDArray[np.uint64]
) -> Iterator[int]:
    state = network.zero_state(1)
    states = len(network.cell.state)
    space = Workspace.allocate(network.config, min(PRIME_WINDOW, len(prefix)), 1)
    one = space.shortened(1, states)
    window = one
    for start in range(0, len(prefix), PRIME_WINDOW):
        x = prefix[start : start + PRIME_WINDOW, np.newaxis]
        window = space.shortened(len(x), states)
        network.run(x, None, state, window)
    drawn = np.empty((1, 1), np.int32)
    for position in range(length):
        if position:
            network.run(drawn, None, state, one)
            window = one
        drawn[0, 0] = draw(window.logits[-1, 0], network.config.vocab_size, float(temperature), generator)
        yield int(drawn[0, 0])
