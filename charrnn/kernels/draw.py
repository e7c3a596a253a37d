"""Random numbers and categorical draws.

The generator is xoshiro256** (Blackman and Vigna 2018), seeded by SplitMix64 as its authors advise; its state is an
array of four 64-bit integers, so that it can be saved and go on later.
"""

import numpy as np
import numpy.typing as npt

from charrnn.kernels.jit import jit

u64 = np.uint64
MASK = (1 << 64) - 1


def generator(seed: int, stream: int = 0) -> npt.NDArray[np.uint64]:
    """State (4,) of a random generator; another ``stream`` of the same seed is another sequence."""
    state = []
    x = (seed + stream * 0xD1342543DE82EF95) & MASK
    for _ in range(4):
        x = (x + 0x9E3779B97F4A7C15) & MASK
        z = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        state.append(z ^ (z >> 31))
    return np.array(state, np.uint64)


@jit
def rotate(x, bits):
    """64-bit rotation to the left."""
    return (x << u64(bits)) | (x >> u64(64 - bits))


@jit
def uniform(state):
    """The next number in [0, 1): 53 bits; advances ``state`` (4,)."""
    result = rotate(state[1] * u64(5), 7) * u64(9)
    shifted = state[1] << u64(17)
    state[2] ^= state[0]
    state[3] ^= state[1]
    state[1] ^= state[2]
    state[0] ^= state[3]
    state[2] ^= shifted
    state[3] = rotate(state[3], 45)
    return np.float64(result >> u64(11)) * 2.0**-53


@jit
def draw(logits, classes, temperature, state):
    """A class drawn from softmax(logits / temperature); the first of the most probable ones at temperature 0.

    Args:
        logits: (at least V,).
        classes: V.
        temperature: 0 or more.
        state: (4,) of the generator; not advanced at temperature 0.
    """
    best = 0
    for v in range(1, classes):
        if logits[v] > logits[best]:
            best = v
    if temperature == 0.0:
        return best
    top = np.float64(logits[best])
    total = 0.0
    for v in range(classes):
        total += np.exp((np.float64(logits[v]) - top) / temperature)
    point = uniform(state) * total
    for v in range(classes):
        point -= np.exp((np.float64(logits[v]) - top) / temperature)
        if point < 0.0:
            return v
    return best  # rounding left nothing: any class will do
