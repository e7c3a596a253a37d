import pytest

from benchmarks.shared.errors import BenchmarkError
from benchmarks.shared.shape import TRAINING_SHAPES, Shape


def test_text_and_back():
    for shape in TRAINING_SHAPES:
        assert Shape.parse(str(shape)) == shape
    assert str(Shape(hidden=1, layers=2, streams=3, steps=4, vocabulary=5)) == "1/2/3/4/5"


@pytest.mark.parametrize(
    "text", ["", "1/2/3/4", "1/2/3/4/5/6", "1/2/3/4/5/elman", "1/2/3/4/0", "1/2/3/4/-5", "1/2/3/4/x"]
)
def test_anything_else_is_refused(text):
    with pytest.raises(BenchmarkError, match="five whole numbers H/L/B/T/V"):
        Shape.parse(text)


def test_flop_counts_every_product_that_is_needed():
    H, L, B, T, V = 3, 2, 5, 7, 4
    G, products = 4 * H, []  # (rows, depth, columns)
    products += [(V, V, G), (V, G, V), (G, V, V)]  # the table forward, d embedding, d W_ih
    for layer in range(L):
        for t in range(T):
            products.append((B, H, G))
            if t:
                products.append((B, G, H))
        products.append((G, T * B, H))
        if layer:
            products += [(T * B, H, G), (T * B, G, H), (G, T * B, H)]
    products += [(T * B, H, V), (T * B, V, H), (V, T * B, H)]
    assert Shape(H, L, B, T, V).flop == sum(2 * rows * depth * columns for rows, depth, columns in products)
