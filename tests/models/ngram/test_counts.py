from collections import Counter

import numpy as np
import pytest

from charrnn.errors import CheckpointError
from charrnn.kinds.config import make_config
from charrnn.models.ngram.config import SMOOTHINGS
from charrnn.models.ngram.counts import NGram, check_arrays, discounts_of
from charrnn.workers import Workers

V = 5


def contexts_of(ids, k):
    """What follows each context of k characters: Counter by context."""
    table = {}
    for i in range(k, len(ids)):
        table.setdefault(tuple(ids[i - k : i]), Counter())[ids[i]] += 1
    return table


def continuations_of(ids, k):
    """How many different characters, or the text's start, come before each context of k characters and its follower."""
    table = {}
    for context_and_follower in {
        tuple(ids[i - k - 1 : i + 1]) if i > k else (-1, *ids[: k + 1]) for i in range(k, len(ids))
    }:
        _, *context, follower = context_and_follower
        table.setdefault(tuple(context), Counter())[follower] += 1
    return table


def reference(ids, order, smoothing):
    """``probabilities(context)``: (V,) float64 of what follows, straight from the formulas."""
    kneser_ney = smoothing == "kneser-ney"
    tables = [continuations_of(ids, k) if kneser_ney and k < order - 1 else contexts_of(ids, k) for k in range(order)]
    discounts = []
    for table in tables:
        counts = Counter(count for followers in table.values() for count in followers.values())
        discounts.append(discounts_of(np.array([counts[n] for n in (1, 2, 3, 4)])))

    def probabilities(context):
        p = np.full(V, 1 / V)
        for k in range(min(order, len(context) + 1)):
            followers = tables[k].get(tuple(context[len(context) - k :]))
            if followers is None:
                break
            c = np.array([followers[w] for w in range(V)], np.float64)
            if kneser_ney:
                d = discounts[k][np.minimum(c, 3).astype(int)]
                p = (c - d + d.sum() * p) / c.sum()
            else:
                p = (c + (c > 0).sum() * p) / (c.sum() + (c > 0).sum())
        return p

    return probabilities


@pytest.fixture
def ids(random):
    """A text that repeats itself now and then."""
    parts = [random.integers(0, V - 1, 7) for _ in range(6)]
    return np.concatenate([parts[i] for i in random.integers(0, 6, 40)] + [random.integers(0, V, 60)]).astype(np.int32)


def log_probabilities(model, x):
    state = model.initial_state(x.shape[1])
    return model.run(x, state, model.buffers(*x.shape)).logits[:, :, :V].copy(), state


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("order", [1, 2, 3, 6, 20])
def test_probabilities_are_those_of_the_formulas(ids, random, order, smoothing):
    model = NGram.count(make_config(V, model="ngram", order=order, smoothing=smoothing, precision="float64"), ids)
    x = np.stack([ids[:60], ids[100:160], random.integers(0, V, 60)], 1).astype(np.int32)
    p = np.exp(log_probabilities(model, x)[0])
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-12)
    probabilities = reference(ids.tolist(), order, smoothing)
    wanted = [[probabilities(x[max(0, t + 2 - order) : t + 1, b].tolist()) for b in range(3)] for t in range(60)]
    np.testing.assert_allclose(p, wanted, rtol=1e-10)


def test_windows_make_no_difference(ids):
    model = NGram.count(make_config(V, model="ngram", order=5), ids, Workers(2))
    x = ids[:60].reshape(20, 3)
    whole, state = log_probabilities(model, x)
    carried, parts, space = model.initial_state(3), [], model.buffers(8, 3)
    for first, last in ((0, 1), (1, 3), (3, 11), (11, 12), (12, 20)):
        parts.append(model.run(x[first:last], carried, space).logits[:, :, :V].copy())
    assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(carried[0][0], state[0][0])


@pytest.mark.parametrize("text", [[0, 0], [1, 1, 1, 1, 1, 1], [0, 1, 2, 3, 4], [0, 1, 0, 1, 0, 1]])
@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_odd_texts(text, smoothing):
    model = NGram.count(
        make_config(V, model="ngram", order=4, smoothing=smoothing, precision="float64"), np.array(text)
    )
    x = np.array([[*text, 4, 3]], np.int32).T
    p = np.exp(log_probabilities(model, x)[0])[:, 0]
    probabilities = reference(text, 4, smoothing)
    np.testing.assert_allclose(p, [probabilities(x[max(0, t - 2) : t + 1, 0].tolist()) for t in range(len(x))])
    assert p.min() > 0


def test_the_tree_does_not_grow_with_the_order(ids):
    sizes = [len(NGram.count(make_config(V, model="ngram", order=n), ids).weights.position) for n in (2, 10, 20)]
    assert sizes[0] < sizes[1] <= sizes[2] < 2 * len(ids)


def test_saved_and_loaded(ids):
    config = make_config(V, model="ngram", order=5)
    model = NGram.count(config, ids)
    loaded = NGram.load(config, model.to_tensors())
    x = ids[:60].reshape(20, 3)
    assert np.array_equal(log_probabilities(loaded, x)[0], log_probabilities(model, x)[0])
    assert loaded.size == model.size > len(ids) / 2


def test_what_does_not_fit_is_refused(ids):
    config = make_config(V, model="ngram", order=5)
    tensors = NGram.count(config, ids).to_tensors()
    with pytest.raises(CheckpointError, match=r"no tensor ngram\.counts"):
        NGram.load(config, {name: tensor for name, tensor in tensors.items() if name != "ngram.counts"})
    for name in ("ngram.length", "ngram.first_child", "ngram.discounts"):
        with pytest.raises(CheckpointError, match=f"tensor {name} must have shape"):
            NGram.load(config, tensors | {name: tensors[name][:-1]})
    with pytest.raises(CheckpointError, match=r"ngram\.start must have shape .* int64, not .* int32"):
        NGram.load(config, tensors | {"ngram.start": tensors["ngram.start"].astype(np.int32)})


@pytest.mark.parametrize("name", ["text", "position", "length", "first_child", "start", "follower", "counts"])
@pytest.mark.parametrize("number", [-1, 1 << 30])
def test_what_would_lead_a_kernel_astray_is_refused(ids, name, number):
    config = make_config(V, model="ngram", order=5)
    tensors = NGram.count(config, ids).to_tensors()
    if (name, number) == ("counts", 1 << 30):
        name, number = "discounts", 4
    for place in (0, -1):
        damaged = tensors[f"ngram.{name}"].copy()
        damaged[place] = number
        with pytest.raises(CheckpointError, match=f"ngram.{name} holds what no count gives"):
            check_arrays(config, tensors | {f"ngram.{name}": damaged})


def test_discounts():
    assert discounts_of(np.array([100, 50, 20, 10])) == pytest.approx(
        [0, 0.5, 2 - 3 * 0.5 * 20 / 50, 3 - 4 * 0.5 * 0.5]
    )
    assert (discounts_of(np.zeros(4, int)) > [-1, 0, 0, 0]).all()
