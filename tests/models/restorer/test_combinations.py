import itertools

import numpy as np
import pytest

from charrnn.models.restorer.combinations import most_probable


@pytest.mark.parametrize(("places", "classes"), [(4, 3), (3, 5), (1, 4), (5, 1)])
def test_combinations_are_the_most_probable_of_all(places, classes, random):
    found = np.log(random.dirichlet(np.full(classes, 0.5), places))
    if classes > 2:
        found[0, 1] = -np.inf  # a class that is not possible there
    ways = itertools.product(range(classes), repeat=places)
    sums = {way: sum(found[at, number] for at, number in enumerate(way)) for way in ways}
    wanted = sorted((way for way in sums if sums[way] > -np.inf), key=lambda way: -sums[way])
    for top in (1, 7, 2 * len(sums)):
        drawn = list(most_probable(found, top))
        assert [tuple(numbers.tolist()) for _, numbers in drawn] == wanted[:top]
        np.testing.assert_allclose([each for each, _ in drawn], [sums[way] for way in wanted[:top]])


def test_of_a_long_line_no_more_than_asked_is_looked_at():
    """Some 10^2400 combinations; each of the first ones differs from the best one in few places."""
    found = np.log(np.full((20_000, 3), 1 / 3) + np.linspace(0.1, 0.3, 20_000)[:, np.newaxis] * [1, 0, -1])
    drawn = list(most_probable(found, 400))
    assert len({tuple(numbers.tolist()) for _, numbers in drawn}) == 400
    assert all(first >= second for (first, _), (second, _) in itertools.pairwise(drawn))
    assert max((numbers != drawn[0][1]).sum() for _, numbers in drawn) < 20


def test_no_character_has_one_combination():
    [(log_probability, numbers)] = most_probable(np.zeros((0, 3)), 5)
    assert (log_probability, len(numbers)) == (0, 0)
