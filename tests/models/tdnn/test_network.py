import numpy as np
import pytest

from charrnn.errors import CheckpointError
from charrnn.kinds.config import make_config
from charrnn.models.tdnn.network import TDNNParameters

# Losses, gradients and windows are those of tests/training/test_tdnn.py.


@pytest.mark.parametrize("embedding_size", [0, 4, 7])
def test_a_checkpoint_has_pytorchs_layout(embedding_size):
    config = make_config(7, model="tdnn", hidden_size=5, context_size=3, embedding_size=embedding_size)
    parameters = TDNNParameters(config).initialise(1)
    tensors = parameters.to_tensors()
    width = embedding_size or 7
    assert tensors["hidden.weight"].shape == (5, 3 * width)
    assert ("embedding.weight" in tensors) == bool(embedding_size)
    for place in range(3):
        columns = tensors["hidden.weight"][:, place * width : (place + 1) * width]
        assert np.array_equal(columns, parameters["hidden.weight"][5 * place : 5 * place + 5])
    assert np.array_equal(TDNNParameters(config).load_tensors(tensors).vector, parameters.vector)


def test_what_training_starts_from():
    tensors = TDNNParameters(make_config(7, model="tdnn", hidden_size=25)).initialise(1)
    assert np.array_equal(tensors["embedding.weight"], np.eye(7))
    assert not tensors["hidden.bias"].any()
    assert not tensors["head.bias"].any()
    assert 0.19 < np.abs(tensors["hidden.weight"]).max() <= 0.2
    assert np.array_equal(tensors.vector, TDNNParameters(tensors.config).initialise(1).vector)
    assert not np.array_equal(tensors.vector, TDNNParameters(tensors.config).initialise(2).vector)


def test_a_tensor_of_another_shape_is_refused():
    parameters = TDNNParameters(make_config(7, model="tdnn", hidden_size=5))
    with pytest.raises(CheckpointError, match=r"hidden\.weight must have shape"):
        parameters.load_tensors(parameters.to_tensors() | {"hidden.weight": np.zeros((5, 7))})
