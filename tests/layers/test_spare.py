import pytest

from charrnn.layers.spare import Spare


def test_buffers_serve_the_next_batch_that_fits():
    made = []

    def allocate(*sizes):
        made.append(sizes)
        return object()

    spare = Spare(allocate)
    for sizes in [(5, 1), (3, 1), (5, 1), (6, 1), (6, 2), (2, 2)]:
        with spare.lent(*sizes):
            pass
    assert made == [(5, 1), (6, 1), (6, 2)]


def test_what_is_lent_is_not_lent_twice():
    spare = Spare(lambda *sizes: object())
    with spare.lent(4, 1) as one, spare.lent(4, 1) as other:
        assert one is not other


def test_buffers_of_a_failed_batch_are_dropped():
    spare = Spare(lambda *sizes: object())
    with pytest.raises(ZeroDivisionError), spare.lent(4, 1) as failed:
        raise ZeroDivisionError
    with spare.lent(4, 1) as other:
        assert other is not failed
