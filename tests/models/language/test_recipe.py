import pytest

from charrnn.kinds.config import make_config
from charrnn.models.language.recipe import (
    HIDDEN_SIZES,
    LARGEST_WITHOUT,
    MOST_DROPOUT,
    WEIGHT_DECAY,
    best_dropout,
    best_size,
    gains_by_tying,
    most_epochs,
    work_per_character,
)

LENGTHS = [10**k for k in range(3, 10)]


def test_the_best_size_is_one_of_those_that_run_well():
    assert {best_size(2.0**work, length) for work in range(100) for length in LENGTHS} == set(HIDDEN_SIZES)


def test_the_best_size_grows_with_the_work_and_is_limited_by_the_text():
    sizes = [best_size(10.0**work, 10**9) for work in range(8, 20)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert [best_size(work, 10**9) for work in (2.4e13, 16 * 2.4e13)] == [384, 768]
    limits = [best_size(1e30, length) for length in LENGTHS]
    assert limits == sorted(limits)
    assert limits[0] < limits[-1]


def test_a_long_text_and_a_small_model_bear_more():
    read = [length * most_epochs(100, length) for length in LENGTHS]
    assert read == sorted(read)
    assert most_epochs(256, 315_000) == pytest.approx(8.8, abs=0.1)
    assert most_epochs(50, 1000) > most_epochs(100, 1000)


def test_a_model_that_is_too_large_has_fewer_passes_but_enough_to_learn_the_language():
    at_best, twice, four_times = (most_epochs(size, 18_000) for size in (105, 210, 420))
    assert at_best == pytest.approx(36)
    assert at_best > twice > at_best / 2
    assert four_times == pytest.approx(at_best / 2)


def test_what_was_measured_is_what_is_chosen():
    """The passes and sizes that benchmarks/results.md shows."""
    for characters, size, passes in ((18_000, 96, 39), (90_000, 256, 11.5), (315_000, 256, 8.8), (10**6, 512, 21)):
        assert best_size(1e30, characters) == size
        assert most_epochs(size, characters) == pytest.approx(passes, rel=0.03)
    assert WEIGHT_DECAY == 0.25
    assert [best_dropout(256, epochs) for epochs in (4, 9.5, 13.5)] == [0, 0.11, 0.19]
    assert gains_by_tying(4.1)
    assert not gains_by_tying(5.5)


def test_dropout_grows_with_the_passes_over_a_text():
    assert best_dropout(512, 1.0) == 0
    assert 0 < best_dropout(512, 8.0) < best_dropout(512, 12.0) < MOST_DROPOUT == best_dropout(512, 1000.0)
    assert best_dropout(LARGEST_WITHOUT, 1000.0) == 0


def test_the_work_is_that_of_all_products():
    config = make_config(vocab_size=50, cell="lstm", hidden_size=100, num_layers=2)
    recurrent, between, output = 2 * 100 * 400, 100 * 400, 100 * 50
    assert work_per_character(config) == 6 * (recurrent + between + output)
