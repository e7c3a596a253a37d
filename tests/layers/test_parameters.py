import numpy as np
import pytest

from charrnn.errors import CheckpointError
from charrnn.kinds.config import make_config
from charrnn.layers.parameters import Parameters, check_shapes
from charrnn.models.language.parameters import LanguageParameters


def test_tensors_are_views_of_one_vector_that_start_aligned():
    tensors = Parameters(make_config(5), {"a": (3, 5), "b": (7,)})
    tensors["a"][:], tensors["b"][:] = 1, 2
    assert tensors.vector.sum() == 15 + 14
    assert all(tensor.ctypes.data % 64 == 0 for tensor in tensors.tensors.values())
    assert tensors.count == 22
    assert np.shares_memory(tensors.row("b"), tensors["b"])
    assert tensors.row("b").shape == (1, 7)


def test_a_copy_has_a_vector_of_its_own():
    parameters = LanguageParameters(make_config(5, hidden_size=3)).initialise(0)
    copy = parameters.copy()
    assert np.array_equal(copy.vector, parameters.vector)
    copy.vector[:] = 0
    assert parameters.vector.any()


def test_what_does_not_fit_is_refused():
    tensors = {"a": np.zeros((2, 3))}
    check_shapes({"a": (2, 3)}, tensors)
    with pytest.raises(CheckpointError, match="no tensor b"):
        check_shapes({"a": (2, 3), "b": (1,)}, tensors)
    with pytest.raises(CheckpointError, match=r"tensor a must have shape \(3, 2\), not \(2, 3\)"):
        check_shapes({"a": (3, 2)}, tensors)
    with pytest.raises(CheckpointError, match="tensor a must hold floating-point numbers, not int64"):
        check_shapes({"a": (2, 3)}, {"a": tensors["a"].astype(np.int64)})
