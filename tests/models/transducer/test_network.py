from itertools import product

import numpy as np
import pytest
from slopes import check_gradients, noisy

from charrnn.kernels.processor import BFLOAT16
from charrnn.kinds.config import make_config
from charrnn.models.transducer.answers import pair_batch
from charrnn.models.transducer.network import Transducer, TransducerLearner
from charrnn.models.transducer.parameters import TransducerParameters
from charrnn.models.transducer.search import search
from charrnn.registry import names_in
from charrnn.workers import Workers

V, ROOM, STEPS = 7, 5, 7
FEATURES = ("PL", "SG")
TARGETS = ("a", "b", "c")
GIVEN = [[8, 1, 2, 3, 4, 6], [6], [7, 5, 5, 6], [0, 1, 6]]
WANTED = [[1, 2, 0], [3, 3, 1, 2, 1, 1, 0], [2, 0], [1, 1, 1, 0]]


def config_of(**shape):
    options = {"hidden_size": 5, "embedding_size": 4, "precision": "float64", "longest": 6, **shape}
    return make_config(V, task="pairs", targets=TARGETS, features=FEATURES, end_symbol=True, **options)


def arrays(rows):
    return [np.array(row, np.int32) for row in rows]


def batch_of(room=ROOM, rows=(0, 1, 2, 3)):
    return pair_batch(arrays(GIVEN), arrays(WANTED), room, np.array(rows))


def learner_of(config, random, threads=1):
    parameters = TransducerParameters(config).initialise(1)
    noisy(parameters, random)
    return TransducerLearner(Transducer(parameters, Workers(threads), training=True), STEPS, ROOM)


ATTENTIONS = ("general", "none", "feeding")
SHAPES = [
    *({"attention": attention} for attention in ATTENTIONS),
    *({"attention": attention, "num_layers": 2, "dropout": 0.4} for attention in ATTENTIONS),
    *({"attention": attention, "directions": 1} for attention in ATTENTIONS),
    {"num_layers": 2, "directions": 1},
    {"embedding_size": 0, "label_smoothing": 0.1},
    {"embedding_size": 0, "attention": "feeding", "num_layers": 2},
    *({"cell": cell, "attention": "general"} for cell in names_in("cells")),
    *({"cell": cell, "attention": "feeding", "dropout": 0.3} for cell in names_in("cells")),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_gradient_of_every_tensor_is_the_slope_of_the_loss(random, shape):
    learner, batch = learner_of(config_of(**shape), random), batch_of()
    check_gradients(random, learner, lambda own: own.loss_and_gradient(batch, [], dropout_seed=5))


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_row_alone_is_the_same_as_in_a_batch_with_padding(random, attention, precision):
    network = learner_of(config_of(attention=attention, num_layers=2, precision=precision), random).network
    together = network.losses(batch_of())
    for at in range(len(GIVEN)):
        assert network.losses(batch_of(room=1, rows=(at,)))[0] == together[at]


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_threads_change_nothing(random, attention, precision):
    config, gradients = config_of(attention=attention, dropout=0.2, precision=precision), []
    for threads in (1, 2, 3):
        parameters = TransducerParameters(config).initialise(1)
        learner = TransducerLearner(Transducer(parameters, Workers(threads), training=True), STEPS, ROOM)
        loss = learner.loss_and_gradient(batch_of(), [], dropout_seed=3)
        gradients.append((loss, learner.gradient.vector.tobytes()))
    assert gradients[0] == gradients[1] == gradients[2]


@pytest.mark.parametrize("width", [0, 4])
@pytest.mark.parametrize("cell", ["lstm", "gru", "lstm-peephole", "rnn"])
def test_tensors_come_back_from_pytorchs_layout(cell, width):
    config = config_of(num_layers=2, cell=cell, attention="feeding", embedding_size=width)
    parameters = TransducerParameters(config).initialise(4)
    tensors = parameters.to_tensors()
    assert tensors["encoder.weight_ih_l1_reverse"].shape[1] == 2 * 3
    loaded = TransducerParameters(config).load_tensors(tensors)
    assert loaded.vector.tobytes() == parameters.vector.tobytes()


def loss_of(network, given, wanted):
    """Nats of an answer, without its end."""
    return network.losses(pair_batch(arrays([given]), arrays([[*wanted, 0]]), 1, np.array([0])))[0]


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_a_search_finds_the_most_probable_of_all_answers_with_their_probabilities(random, attention):
    network = learner_of(config_of(attention=attention, longest=1), random).network
    network.parameters["head.bias"][0] += 2  # short answers
    network.refresh()
    every = [symbols for length in (1, 2) for symbols in product((1, 2, 3), repeat=length)]
    wanted = sorted((-loss_of(network, GIVEN[0], symbols), symbols) for symbols in every)[::-1]
    (found,) = search(network, arrays(GIVEN[:1]), beam=9, top=len(every))
    assert [answer.symbols for answer in found] == [symbols for _, symbols in wanted]
    assert np.allclose([answer.score for answer in found], [score for score, _ in wanted])


def test_the_probabilities_of_all_answers_sum_to_one(random):
    network = learner_of(config_of(longest=2), random).network
    network.parameters["head.bias"][0] += 8  # hardly any answer is longer than the longest that is searched for
    network.refresh()
    (found,) = search(network, arrays(GIVEN[:1]), beam=81, top=120)
    assert len(found) == 3 + 9 + 27 + 81
    empty = np.exp(-loss_of(network, GIVEN[0], []))
    assert empty + sum(np.exp(answer.score) for answer in found) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_answers_do_not_depend_on_the_rows_beside_them_nor_on_threads(random, attention, precision):
    config = config_of(attention=attention, num_layers=2, precision=precision)
    parameters = TransducerParameters(config).initialise(1)
    noisy(parameters, random)
    rows = arrays(GIVEN * 3)
    together = search(Transducer(parameters, Workers(2)), rows, beam=3, top=2)
    assert [search(Transducer(parameters, Workers(1)), [row], beam=3, top=2)[0] for row in rows] == together
    assert together[:4] == together[4:8]


def test_a_beam_of_one_is_greedy(random):
    network = learner_of(config_of(), random).network
    (((score, symbols),),) = search(network, arrays(GIVEN[:1]), beam=1)
    assert score == pytest.approx(-loss_of(network, GIVEN[0], symbols))


@pytest.mark.skipif(not BFLOAT16, reason="this processor does not multiply bfloat16")
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_bf16_is_float32_with_rounded_factors(random, attention):
    gradients = {}
    for precision in ("float32", "bf16"):
        config = config_of(attention=attention, precision=precision, hidden_size=16)
        learner = TransducerLearner(Transducer(TransducerParameters(config).initialise(1), training=True), STEPS, ROOM)
        loss = learner.loss_and_gradient(batch_of(), [])
        gradients[precision] = np.append(learner.gradient.vector, loss)
    assert not np.array_equal(*gradients.values())
    assert np.abs(gradients["bf16"] - gradients["float32"]).max() < 0.02 * np.abs(gradients["float32"]).max()


def test_a_batch_counts_what_is_read_and_written():
    batch = batch_of()
    assert batch.characters == sum(map(len, GIVEN)) + sum(map(len, WANTED))
    assert batch.predictions == sum(map(len, WANTED))
    assert batch.written[:, 0].tolist() == [0, 1, 2, 0, 0, 0, 0]
