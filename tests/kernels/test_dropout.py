import numpy as np
import pytest

from charrnn.kernels.dropout import dropout, mix

precisions = pytest.mark.parametrize("dtype", ["float32", "float64"])

T, B, H = 6, 5, 301


def mask(dropout_seed, rate=0.5, shape=(T, B, H), dtype="float32"):
    """Which units are kept."""
    ones = np.ones(shape, dtype)
    dropout(ones, ones, shape[2], rate, dropout_seed, 0, shape[1])
    return ones != 0


def assert_unrelated(a, b):
    """Two masks of rate 1/2 agree in about half of all places: within 5 standard deviations."""
    assert abs((a == b).mean() - 0.5) < 5 * 0.5 / a.size**0.5


def test_mix_is_its_published_formula():
    """lowbias32 of Wellons' hash prospector."""

    def wanted(x):
        x = (x ^ x >> 16) * 0x7FEB352D & 0xFFFFFFFF
        x = (x ^ x >> 15) * 0x846CA68B & 0xFFFFFFFF
        return x ^ x >> 16

    for x in (0, 1, 2, 12345, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF):
        assert mix(np.uint32(x)) == wanted(x)


@precisions
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (T, B, H)])
def test_kept_values_are_scaled_and_others_zero(random, shape, rate, dtype):
    x = random.normal(size=shape).astype(dtype)
    before, out = x.copy(), np.full(shape, np.nan, dtype)
    dropout(x, out, shape[2], rate, 11, 0, shape[1])
    kept = mask(11, rate, shape)
    assert np.array_equal(out, np.where(kept, x * np.dtype(dtype).type(1 / (1 - rate)), 0))
    assert np.array_equal(x, before)
    dropout(x, x, shape[2], rate, 11, 0, shape[1])
    assert np.array_equal(x, out)
    if rate == 0:
        assert np.array_equal(out, before)


@pytest.mark.parametrize("rate", [0.05, 0.3, 0.5, 0.95])
def test_as_many_are_kept_as_the_rate_says(rate):
    kept = mask(3, rate, (20, 20, 500))
    assert abs(kept.mean() - (1 - rate)) < 5 * (rate * (1 - rate) / kept.size) ** 0.5
    for axes in ((1, 2), (0, 2), (0, 1)):  # in each step, each stream and each unit as well
        shares = kept.mean(axes)
        spread = (rate * (1 - rate) * shares.size / kept.size) ** 0.5
        assert np.abs(shares - (1 - rate)).max() < 5 * spread


@pytest.mark.parametrize("dropout_seed", [0, 7, 0x7FFF0000, 0xFFFFFFFF])
def test_the_same_seed_gives_the_same_mask_in_any_type_and_rows(random, dropout_seed):
    kept = mask(dropout_seed)
    assert np.array_equal(mask(dropout_seed), kept)
    assert np.array_equal(mask(dropout_seed, dtype="float64"), kept)
    assert np.array_equal(mask(dropout_seed, shape=(2, 3, 50)), kept[:2, :3, :50])
    x = np.ones((T, B, H + 3), np.float32)
    dropout(x, x, H, 0.5, dropout_seed, 1, 3)
    assert np.array_equal(x[:, 1:3, :H] != 0, kept[:, 1:3])
    x[:, 1:3, :H] = 1
    assert (x == 1).all()  # other rows and the padding are left alone


def test_a_higher_rate_drops_the_same_units_and_more():
    assert (mask(5, 0.4) >= mask(5, 0.6)).all()


def test_steps_streams_and_units_have_masks_of_their_own():
    kept = mask(1)
    for lag in (1, 2, 3):
        assert_unrelated(kept[lag:], kept[:-lag])
        assert_unrelated(kept[:, lag:], kept[:, :-lag])
        assert_unrelated(kept[:, :, lag:], kept[:, :, :-lag])
        assert_unrelated(kept[lag:, :-lag], kept[:-lag, lag:])
        assert_unrelated(kept[:, lag:, :-lag], kept[:, :-lag, lag:])


@pytest.mark.parametrize("other", [1, 2, 3, 0x10000, 0x10001])
def test_seeds_have_masks_of_their_own_at_every_lag(other):
    """Layers' seeds follow each other, and so do steps: the one must not be the other shifted."""
    a, b = mask(0x50000), mask(0x50000 + other)
    assert_unrelated(a, b)
    for lag in (1, 2, 3):
        for early, late in ((a, b), (b, a)):
            assert_unrelated(early[lag:], late[:-lag])
            assert_unrelated(early[:, lag:], late[:, :-lag])
            assert_unrelated(early[:, :, lag:], late[:, :, :-lag])


@precisions
def test_dropout_is_its_own_gradient(random, dtype):
    x, d = random.normal(size=(2, T, B, H)).astype(dtype)
    out, d_x = np.empty_like(x), np.empty_like(d)
    dropout(x, out, H, 0.3, 9, 0, B)
    dropout(d, d_x, H, 0.3, 9, 0, B)
    assert np.vdot(out, d) == pytest.approx(np.vdot(x, d_x), rel=1e-4)
