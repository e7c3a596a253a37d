import numpy as np
import reference

from charrnn.cells.lstm import CELL
from charrnn.kernels.arrays import aligned_zeros
from charrnn.kernels.matmul import pack, pack_transposed, packed_zeros


def traced(random, steps, streams, units):
    """A trace with rows longer than the cell needs, so that padding would be noticed."""
    trace = CELL.trace(
        *(
            aligned_zeros((length, streams, width), "float64")
            for length, width in (
                (steps, 4 * units + 3),
                (steps + 1, units + 2),
                (steps + 1, units + 2),
            )
        )
    )
    trace.h[0] = random.normal(size=trace.h[0].shape)
    trace.c[0] = random.normal(size=trace.c[0].shape)
    return trace


def test_forward_and_backward_equal_the_equations(random):
    T, B, H = 4, 3, 5
    w_hh = random.normal(0, 0.5, (4 * H, H))
    trace = traced(random, T, B, H)
    table, ids = random.normal(size=(6, 4 * H + 3)), random.integers(0, 6, (T, B)).astype("int32")
    inputs = table[ids][:, :, : 4 * H]
    packed = packed_zeros(H, 4 * H, "float64")
    pack_transposed(w_hh, packed, 0, 1)
    CELL.forward(packed, trace, table, ids, H, 0, B)
    h, c = trace.h[0, :, :H], trace.c[0, :, :H]
    seen = []
    for t in range(T):
        before = c
        h, c, gates = reference.lstm_step(inputs[t] + h @ w_hh.T, c)
        seen.append((before, c, gates))
        np.testing.assert_allclose(trace.h[t + 1, :, :H], h, rtol=0, atol=1e-14)
        np.testing.assert_allclose(trace.c[t + 1, :, :H], c, rtol=0, atol=1e-14)

    d_h = aligned_zeros((T + 1, B, H), "float64")
    d_h[1:] = d_outputs = random.normal(size=(T, B, H))
    d_c = aligned_zeros((1, B, H), "float64")
    d_c[0] = wanted_c = random.normal(size=(B, H))
    wanted_h = np.zeros((B, H))
    back = packed_zeros(4 * H, H, "float64")
    pack(w_hh, back, 0, 1)
    CELL.backward(back, trace, d_h, (d_c,), H, 0, B)
    for t in reversed(range(T)):
        before, c, (i, f, g, o) = seen[t]
        d, tanh_c = wanted_h + d_outputs[t], np.tanh(c)
        d_memory = wanted_c + d * o * (1 - tanh_c**2)
        d_a = np.concatenate(
            [
                d_memory * g * i * (1 - i),
                d_memory * before * f * (1 - f),
                d_memory * i * (1 - g**2),
                d * tanh_c * o * (1 - o),
            ],
            -1,
        )
        np.testing.assert_allclose(trace.gates[t, :, : 4 * H], d_a, rtol=0, atol=1e-13)
        wanted_h, wanted_c = d_a @ w_hh, d_memory * f
    np.testing.assert_allclose(d_h[0], wanted_h, rtol=0, atol=1e-13)
    np.testing.assert_allclose(d_c[0], wanted_c, rtol=0, atol=1e-13)


def test_rows_outside_the_share_are_left_alone(random):
    trace = traced(random, 2, 4, 3)
    before = trace.gates.copy()
    table, ids = random.normal(size=(1, 12)), np.zeros((2, 4), "int32")
    CELL.forward(packed_zeros(3, 12, "float64"), trace, table, ids, 3, 1, 3)
    assert np.array_equal(trace.gates[:, [0, 3]], before[:, [0, 3]])
    assert not np.array_equal(trace.gates[:, 1:3], before[:, 1:3])


def test_only_the_forget_gate_starts_with_a_bias_of_one():
    assert CELL.initial_bias(2).tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
