import numpy as np
import pytest

from charrnn.cells.contract import find_cell
from charrnn.kinds.config import make_config
from charrnn.models.transducer.answers import pair_batch
from charrnn.models.transducer.network import Transducer, TransducerLearner
from charrnn.models.transducer.parameters import TransducerParameters
from charrnn.registry import names_in
from charrnn.workers import Workers

V, ROOM, STEPS = 7, 5, 7
FEATURES = ("PL", "SG")
TARGETS = ("a", "b", "c")
GIVEN = [[8, 1, 2, 3, 4, 6], [6], [7, 5, 5, 6], [0, 1, 6]]
WANTED = [[1, 2, 0], [3, 3, 1, 2, 1, 1, 0], [2, 0], [1, 1, 1, 0]]


def config_of(**shape):
    options = {"hidden_size": 5, "embedding_size": 4, "precision": "float64", **shape}
    return make_config(V, task="pairs", targets=TARGETS, features=FEATURES, longest=6, end_symbol=True, **options)


def arrays(rows):
    return [np.array(row, np.int32) for row in rows]


def batch_of(room=ROOM, rows=(0, 1, 2, 3)):
    return pair_batch(arrays(GIVEN), arrays(WANTED), room, np.array(rows))


def learner_of(config, random, threads=1):
    parameters = TransducerParameters(config).initialise(1)
    for tensor in parameters.tensors.values():
        tensor[:] = tensor + random.normal(0, 0.3, tensor.shape)
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
    parameters = learner.network.parameters
    vectors = [vector for vector in find_cell(learner.network.config.cell).vectors if not vector.learned]
    fixed = {f"{half}.{vector.name}" for half in ("encoder", "decoder") for vector in vectors}

    def loss():
        learner.network.refresh()
        return learner.loss_and_gradient(batch, [], dropout_seed=5)

    loss()
    gradient = {name: tensor.copy() for name, tensor in learner.gradient.tensors.items()}
    for name, tensor in parameters.tensors.items():
        direction, start = random.normal(size=tensor.shape), tensor.copy()
        losses = []
        for sign in (1, -1):
            tensor[:] = start + sign * 1e-5 * direction
            losses.append(loss())
        tensor[:] = start
        slope = 0 if name.rpartition("_l")[0] in fixed else (losses[0] - losses[1]) / 2e-5
        assert (gradient[name] * direction).sum() == pytest.approx(slope, rel=2e-6, abs=1e-9), name
