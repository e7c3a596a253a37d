import numpy as np

from charrnn.kernels.operands import share_of_blocks


def test_shares_cover_everything_once_and_are_even():
    for count in (0, 1, 5, 64):
        for parts in (1, 2, 3, 7, 70):
            edges = [share_of_blocks(count, parts, part) for part in range(parts + 1)]
            assert (edges[0], edges[-1]) == (0, count)
            assert set(np.diff(edges)) <= {count // parts, -(-count // parts)}
