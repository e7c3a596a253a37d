import numpy as np
import pytest

from charrnn.kernels.lookup import lookup_sums, lookup_tanh, tanh_back

T, B, V, H, LAGS = 5, 4, 6, 19, 3


@pytest.fixture
def arrays(random):
    tables = random.normal(0, 0.5, (V, LAGS * H))
    history = random.integers(0, V + 1, (T + LAGS - 1, B)).astype(np.int32)
    return tables, random.normal(0, 0.5, H), history


def places(history):
    """What each step sees: (T, B, LAGS)."""
    return np.stack([history[p : p + T] for p in range(LAGS)], -1)


def test_rows_are_summed_and_squashed(arrays):
    tables, bias, history = arrays
    hidden = np.full((T, B, 24), 7.0)
    lookup_tanh(tables, bias, history, LAGS, hidden, H, 1, 3)
    rows = np.concatenate([np.zeros((1, LAGS * H)), tables]).reshape(V + 1, LAGS, H)
    wanted = np.tanh(bias + sum(rows[places(history)[..., p], p] for p in range(LAGS)))
    np.testing.assert_allclose(hidden[:, 1:3, :H], wanted[:, 1:3], rtol=1e-12)
    assert (hidden[:, [0, 3]] == 7).all()
    assert (hidden[:, :, H:] == 7).all()


def test_the_gradient_of_a_row_is_summed_over_its_places(arrays, random):
    _, _, history = arrays
    d_a = random.normal(0, 1, (T, B, 24))
    d_tables, d_bias = np.full((V, LAGS * H), np.nan), np.full(H, np.nan)
    for first, last in ((0, 7), (7, H)):
        lookup_sums(d_a, history, LAGS, H, d_tables, d_bias, first, last)
    seen, wanted = places(history), np.zeros((V + 1, LAGS, H))
    for t, b, p in np.ndindex(seen.shape):
        wanted[seen[t, b, p], p] += d_a[t, b, :H]
    np.testing.assert_allclose(d_tables.reshape(V, LAGS, H), wanted[1:], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(d_bias, d_a[:, :, :H].sum((0, 1)), rtol=1e-12)


def test_tanh_is_passed_backwards(random):
    d, hidden = random.normal(0, 1, (2, T, B, 24))
    wanted = d[:, :, :H] * (1 - hidden[:, :, :H] ** 2)
    tanh_back(d, hidden, H, 0, B)
    np.testing.assert_allclose(d[:, :, :H], wanted, rtol=1e-12)
