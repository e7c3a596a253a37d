import numpy as np
import pytest
import reference

from charrnn.kinds.config import make_config
from charrnn.layers.embedding import InputTables, initial_embedding
from charrnn.layers.parameters import EMBEDDING, Parameters
from charrnn.layers.products import Summation

V, E, G = 9, 4, 6


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize("tables", [1, 2])
def test_tables_and_gradients_are_those_of_the_equations(random, embedded, tables, tied):
    config = make_config(V, precision="float64")
    weights, biases = [f"w{i}" for i in range(tables)], [f"b{i}" if i == 0 else None for i in range(tables)]
    shapes = {EMBEDDING: (V, E)} if embedded else {}
    shapes |= dict.fromkeys(weights, (G, E if embedded else V)) | {"b0": (G,)}
    parameters, gradient = Parameters(config, shapes), Parameters(config, shapes)
    for tensor in parameters.tensors.values():
        tensor[:] = random.normal(size=tensor.shape)
    layer = InputTables(parameters, weights, biases, V, config.packed_dtype, training=True, tied=tied)
    for step in (layer.pack, layer.make):
        for part in range(2):
            step(part, 2)
    read = parameters.tensors.get(EMBEDDING, np.eye(V))
    ids = random.integers(0, V, (3, 2)).astype(np.int32)
    for name, bias, (table, row_index) in zip(weights, biases, layer.forward(ids), strict=True):
        wanted = read @ parameters[name].T + (0 if bias is None else parameters[bias])
        assert reference.relative_error(table[:, :G], wanted) < 1e-12
        assert row_index is ids
    before = random.normal(size=(V, E))  # of another layer that shares a tied embedding
    if embedded:
        gradient[EMBEDDING][:] = before
    for d_table in layer.d_tables:
        d_table[:, :G] = random.normal(size=(V, G))
    sums, summation = list(layer.weight_sums(gradient)), Summation(E, config.dtype, config.packed_dtype, 2)
    for part in range(2):
        layer.backward(gradient, sums, summation, part, 2)
    d_tables = [d_table[:, :G] for d_table in layer.d_tables]
    for name, d_table in zip(weights, d_tables, strict=True):
        assert reference.relative_error(gradient[name], d_table.T @ read) < 1e-12
    assert reference.relative_error(gradient["b0"], d_tables[0].sum(0)) < 1e-12
    if embedded:
        d_read = sum(d_table @ parameters[name] for name, d_table in zip(weights, d_tables, strict=True))
        assert reference.relative_error(gradient[EMBEDDING], d_read + before * tied) < 1e-12


def test_a_square_embedding_starts_as_one_hot_unless_it_is_tied(random):
    assert np.array_equal(initial_embedding(random, (5, 5)), np.eye(5))
    assert np.count_nonzero(initial_embedding(random, (5, 5), tied=True)) == 25
    assert (initial_embedding(random, (500, 100)) ** 2).sum(1).mean() == pytest.approx(1, abs=0.02)
