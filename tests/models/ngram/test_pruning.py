import numpy as np
import pytest

from charrnn.kinds.config import make_config
from charrnn.models.ngram.counts import NGram, check_arrays
from charrnn.models.ngram.pruning import fitted, narrowed, pruned, widened_counts
from charrnn.workers import Workers

V = 4


@pytest.fixture
def model():
    ids = np.random.default_rng(5).choice(V, 900, p=[0.5, 0.3, 0.15, 0.05])
    return NGram.count(make_config(V, model="ngram", order=5), ids, Workers(1))


def predicted(model, history):
    x = np.array(history, np.int32)[:, np.newaxis]
    window = model.run(x, model.initial_state(1), model.buffers(len(x), 1))
    return np.exp(window.logits[-1, 0, :V].astype(np.float64))


def occurrences(text, context):
    k = len(context)
    return sum(list(text[i - k : i]) == context for i in range(k, len(text)))


@pytest.mark.parametrize("least", [2, 3, 10])
def test_prediction_stops_at_the_longest_context_that_occurs_often_enough(model, least):
    small, text = pruned(model, least), model.weights.text
    check_arrays(small.config, small.to_tensors())
    for start in range(0, 300, 7):
        history = list(text[start : start + 4])
        k = max(k for k in range(5) if k == 0 or occurrences(text, history[4 - k :]) >= least)
        p = predicted(small, history)
        assert p.sum() == pytest.approx(1, abs=1e-6)
        shorter = NGram(small.config, small.weights._asdict(), small.workers)
        shorter.weights = small.weights._replace(depth=k)
        np.testing.assert_allclose(p, predicted(shorter, history), atol=1e-7)
        if k == 4:
            np.testing.assert_allclose(p, predicted(model, history), atol=1e-6)


def test_a_pruned_model_is_smaller_and_only_as_large_as_allowed(model):
    def size(some):
        return sum(array.nbytes for array in narrowed(some.to_tensors()).values())

    sizes = [size(pruned(model, least)) for least in (1, 2, 4, 8)]
    assert sizes == sorted(sizes, reverse=True)
    assert size(fitted(model, sizes[2])) <= sizes[2] < size(fitted(model, sizes[1]))
    assert size(fitted(model, 0)) > 0


def test_narrowed_tensors_are_restored(model):
    for some in (model, pruned(model, 2)):
        tensors = some.to_tensors()
        small = narrowed(tensors)
        assert sum(array.nbytes for array in small.values()) < sum(array.nbytes for array in tensors.values()) / 2
        wide = widened_counts(small)
        assert wide.keys() == tensors.keys()
        for name, array in tensors.items():
            assert wide[name].dtype == array.dtype
            np.testing.assert_array_equal(wide[name], array)
