import math

import numpy as np
import pytest

from charrnn.cells.contract import find_cell
from charrnn.errors import CheckpointError
from charrnn.kinds.config import make_config
from charrnn.layers.recurrent_shape import random_orthogonal
from charrnn.models.language.parameters import LanguageParameters, tensor_shapes
from charrnn.registry import names_in

precisions = pytest.mark.parametrize("precision", ["float32", "float64"])
shapes = pytest.mark.parametrize(
    "shape",
    [
        {"vocab_size": 1, "hidden_size": 1},
        {"vocab_size": 7, "hidden_size": 5, "num_layers": 2, "embedding_size": 3},
        {"vocab_size": 65, "hidden_size": 17, "num_layers": 3, "embedding_size": 0},
    ],
)


def make(**shape):
    return LanguageParameters(make_config(**shape))


def test_names_and_shapes_with_an_embedding():
    shapes = tensor_shapes(make_config(7, cell="lstm", hidden_size=5, num_layers=2, embedding_size=3))
    assert list(shapes.items()) == [
        ("embedding.weight", (7, 3)),
        ("rnn.weight_ih_l0", (20, 3)),
        ("rnn.weight_hh_l0", (20, 5)),
        ("rnn.bias_l0", (20,)),
        ("rnn.weight_ih_l1", (20, 5)),
        ("rnn.weight_hh_l1", (20, 5)),
        ("rnn.bias_l1", (20,)),
        ("head.weight", (7, 5)),
        ("head.bias", (7,)),
    ]


def test_one_hot_input_has_no_embedding_and_a_column_for_each_character():
    shapes = tensor_shapes(make_config(7, cell="lstm", hidden_size=5, embedding_size=0))
    assert "embedding.weight" not in shapes
    assert shapes["rnn.weight_ih_l0"] == (20, 7)


def test_a_tied_embedding_is_the_outputs_matrix_too():
    parameters = make(vocab_size=5, hidden_size=5, tie_embedding=True).initialise(0)
    assert list(parameters.tensors) == [
        "embedding.weight",
        "rnn.weight_ih_l0",
        "rnn.weight_hh_l0",
        "rnn.bias_l0",
        "head.bias",
    ]
    assert np.count_nonzero(parameters["embedding.weight"]) == 25  # not the identity, though square
    again = make(vocab_size=5, hidden_size=5, tie_embedding=True).load_tensors(parameters.to_tensors())
    assert again.vector.tobytes() == parameters.vector.tobytes()


@precisions
@shapes
def test_tensors_are_aligned_views_of_the_vector_that_do_not_overlap(shape, precision):
    parameters = make(precision=precision, **shape)
    assert {name: tensor.shape for name, tensor in parameters.tensors.items()} == tensor_shapes(parameters.config)
    for number, tensor in enumerate(parameters.tensors.values(), 1):
        assert tensor.ctypes.data % 64 == 0
        assert tensor.flags.c_contiguous
        assert tensor.dtype == precision
        tensor[:] = number
    assert all((tensor == number).all() for number, tensor in enumerate(parameters.tensors.values(), 1))
    assert np.count_nonzero(parameters.vector) == parameters.count
    assert parameters.count == sum(math.prod(shape) for shape in tensor_shapes(parameters.config).values())
    assert parameters["head.bias"] is parameters.tensors["head.bias"]


@shapes
def test_initialise_depends_on_the_seed_alone_and_leaves_gaps_zero(shape):
    first, again, other = make(**shape).initialise(3), make(**shape).initialise(3), make(**shape).initialise(4)
    assert first.vector.tobytes() == again.vector.tobytes()
    assert not np.array_equal(first.vector, other.vector)
    for tensor in first.tensors.values():
        tensor[:] = 0
    assert not first.vector.any()


def test_matrices_are_uniform_up_to_the_bound_of_the_units():
    parameters = make(vocab_size=50, hidden_size=64, num_layers=2, precision="float64").initialise(0)
    for name, tensor in parameters.tensors.items():
        if "weight" in name and "embedding" not in name:
            assert 0.99 / 8 < np.abs(tensor).max() <= 1 / 8, name
            assert abs(tensor.mean()) < 5 * (1 / 8) / (3 * tensor.size) ** 0.5, name
            assert tensor.std() == pytest.approx(1 / 8 / 3**0.5, rel=0.05), name


@pytest.mark.parametrize("cell", names_in("cells"))
def test_biases_are_the_cells_own_and_zero_for_the_head(cell):
    parameters = make(vocab_size=5, hidden_size=6, num_layers=2, cell=cell).initialise(0)
    for layer in range(2):
        assert np.array_equal(parameters[f"rnn.bias_l{layer}"], np.float32(find_cell(cell).initial_bias(6)))
    assert not parameters["head.bias"].any()


def test_a_square_embedding_starts_as_one_hot_and_others_with_rows_of_length_one():
    assert np.array_equal(make(vocab_size=9, hidden_size=2).initialise(0)["embedding.weight"], np.eye(9))
    embedding = make(vocab_size=300, hidden_size=2, embedding_size=100).initialise(0)["embedding.weight"]
    assert (embedding**2).sum(1).mean() == pytest.approx(1, abs=0.02)


def test_orthogonal_recurrent_matrices_in_each_gate():
    shape = {"vocab_size": 5, "hidden_size": 16, "num_layers": 2, "precision": "float64"}
    parameters = make(recurrent_init="orthogonal", **shape).initialise(0)
    gates = [gate for layer in range(2) for gate in np.split(parameters[f"rnn.weight_hh_l{layer}"], 4)]
    for gate in gates:
        np.testing.assert_allclose(gate @ gate.T, np.eye(16), atol=1e-12)
    assert not any(np.array_equal(gates[0], gate) for gate in gates[1:])
    assert np.abs(parameters["rnn.weight_ih_l1"]).max() <= 1 / 4


@pytest.mark.parametrize("size", [1, 2, 33])
def test_orthogonal_has_both_signs_on_its_diagonal(size):
    """QR alone would give matrices that are not uniformly distributed: all diagonals of one sign at size 1."""
    random = np.random.default_rng(0)
    matrices = [random_orthogonal(random, size) for _ in range(40)]
    for matrix in matrices:
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(size), atol=1e-12)
    positive = np.mean([matrix[0, 0] > 0 for matrix in matrices])
    assert 0.2 < positive < 0.8


@precisions
@shapes
def test_tensors_under_pytorchs_names_give_the_parameters_again(shape, precision):
    parameters = make(precision=precision, **shape).initialise(1)
    tensors = parameters.to_tensors()
    for layer in range(parameters.config.num_layers):
        assert f"rnn.bias_l{layer}" not in tensors
        assert np.array_equal(tensors[f"rnn.bias_ih_l{layer}"], parameters[f"rnn.bias_l{layer}"])
        assert not tensors[f"rnn.bias_hh_l{layer}"].any()
        assert tensors[f"rnn.bias_hh_l{layer}"].shape == parameters[f"rnn.bias_l{layer}"].shape
    others = {name for name in parameters.tensors if ".bias_l" not in name}
    assert set(tensors) == others | {
        f"rnn.bias_{part}_l{layer}" for part in ("ih", "hh") for layer in range(parameters.config.num_layers)
    }
    again = make(precision=precision, **shape)
    assert again.load_tensors(tensors) is again
    assert again.vector.tobytes() == parameters.vector.tobytes()


def test_pytorchs_two_biases_are_added():
    parameters = make(vocab_size=5, hidden_size=3)
    tensors = {name: np.array(tensor) for name, tensor in parameters.initialise(0).to_tensors().items()}
    tensors["rnn.bias_ih_l0"][:] = 0.25
    tensors["rnn.bias_hh_l0"][:] = np.arange(12)
    assert np.array_equal(parameters.load_tensors(tensors)["rnn.bias_l0"], np.arange(12) + 0.25)


def test_loaded_tensors_are_copies():
    parameters = make(vocab_size=5, hidden_size=3).initialise(0)
    other = make(vocab_size=5, hidden_size=3).load_tensors(parameters.to_tensors())
    other.vector[:] = 0
    assert parameters["head.weight"].all()


@pytest.mark.parametrize("name", ["head.weight", "rnn.weight_ih_l0", "rnn.bias_ih_l0", "rnn.bias_hh_l0"])
def test_a_tensor_that_is_missing_or_misshapen_is_named(name):
    parameters = make(vocab_size=5, hidden_size=3, embedding_size=2)
    tensors = parameters.to_tensors()
    wanted = tensors[name].shape
    with pytest.raises(CheckpointError) as caught:
        parameters.load_tensors(tensors | {name: np.zeros((4, 4, 4))})
    assert str(caught.value) == f"tensor {name} must have shape {wanted}, not (4, 4, 4): use another checkpoint"
    del tensors[name]
    with pytest.raises(CheckpointError) as caught:
        parameters.load_tensors(tensors)
    assert str(caught.value) == f"the checkpoint has no tensor {name}: use another checkpoint"
