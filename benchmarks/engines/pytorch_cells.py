"""PyTorch's nn.LSTMCell, layer by layer: the faster loop."""

from collections.abc import Iterator

from benchmarks.engines.contract import Array, Engine, parameters_of
from benchmarks.engines.pytorch_lstm import absent, around, draw
from benchmarks.shared.shape import Shape


def sample(shape: Shape, precision: str, threads: int) -> Iterator[Array]:
    """See ``Engine.sample``; the state is carried from item to item."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    embedding, head = around(shape)
    tensors = parameters_of(shape, precision).to_tensors()
    cells, state = [], []
    for layer in range(shape.layers):
        cell = nn.LSTMCell(shape.hidden if layer else shape.vocabulary, shape.hidden)
        cell.load_state_dict({name: torch.from_numpy(tensors[f"rnn.{name}_l{layer}"]) for name in cell.state_dict()})
        cells.append(cell)
        state.append((torch.zeros(shape.streams, shape.hidden), torch.zeros(shape.streams, shape.hidden)))
    last = torch.zeros(shape.streams, dtype=torch.long)
    while True:
        ids = torch.empty(shape.steps, shape.streams, dtype=torch.long)
        with torch.inference_mode():
            for t in range(shape.steps):
                h = embedding(last)
                for layer, cell in enumerate(cells):
                    state[layer] = cell(h, state[layer])
                    h = state[layer][0]
                ids[t] = last = draw(head(h))
        yield ids.T.numpy()


ENGINE = Engine("PyTorch nn.LSTMCell", absent, sample=sample)
