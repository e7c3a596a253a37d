"""A plain float64 reference of the language model: forward and backward, one loop per equation, no cleverness.

Tensors have PyTorch's names and layouts, with one bias for each layer as in ``charrnn.models.language.parameters``.
"""

import numpy as np


def nearest_bfloat16(x):
    """float32 to the nearest bfloat16, ties to even, as float32."""
    bits = x.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).view(np.float32)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step(a, c_before):
    i, f, g, o = np.split(a, 4, axis=-1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c = f * c_before + i * g
    return o * np.tanh(c), c, (i, f, g, o)


def run(tensors, x, state, step):
    """Logits (T, B, V) and the state after the window, of any cell, with or without skip connections.

    Without ``head.weight``, the embedding is tied.

    ``step(w, a, state)`` gives a layer's next state from ``a`` = W_ih x + b and its state before, tuples of (B, H).
    ``w`` holds the layer's tensors without their layer: ``weight_hh`` and the cell's vectors.
    """
    layers = len(state)
    state = [tuple(array for array in layer) for layer in state]
    logits = []
    head = tensors["head.weight" if "head.weight" in tensors else "embedding.weight"]
    for ids in x:
        one_hot = np.eye(len(tensors["head.bias"]))[ids]
        read = one_hot @ tensors["embedding.weight"] if "embedding.weight" in tensors else one_hot
        total, below = tensors["head.bias"], read
        for l in range(layers):
            ending = f"_l{l}"
            w = {k[4:-3]: v for k, v in tensors.items() if k.startswith("rnn.") and k.endswith(ending)}
            a = below @ w["weight_ih"].T + w["bias"]
            if (name := f"skip.weight_in_l{l}") in tensors:
                a = a + read @ tensors[name].T
            state[l] = step(w, a, state[l])
            below = state[l][0]
            if (name := f"skip.weight_out_l{l}") in tensors:
                total = total + below @ tensors[name].T
        logits.append(total + below @ head.T)
    return np.array(logits), state


def mean_loss(logits, y):
    """Mean cross-entropy in nats; of complex logits, an analytic function of them."""
    shifted = logits - logits.real.max(-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return -np.take_along_axis(log_p, y[..., np.newaxis].astype(int), -1).mean()


def slope(function, tensors, name, direction, epsilon=1e-30):
    """Derivative of ``function(tensors)`` in a direction of one tensor, exact to rounding: a complex step."""
    return function(tensors | {name: tensors[name] + 1j * epsilon * direction}).imag / epsilon


def forward(tensors, x, state):
    """Logits (T, B, V), the state after the window, and what backward needs."""
    layers = sum(name.startswith("rnn.bias") for name in tensors)
    T = len(x)
    h = [layer[0].astype(np.float64) for layer in state]
    c = [layer[1].astype(np.float64) for layer in state]
    one_hot = "embedding.weight" not in tensors
    vocab = len(tensors["head.bias"])
    steps, logits = [], []
    for t in range(T):
        below = np.eye(vocab)[x[t]] if one_hot else tensors["embedding.weight"][x[t]]
        step = []
        for l in range(layers):
            a = (
                below @ tensors[f"rnn.weight_ih_l{l}"].T
                + h[l] @ tensors[f"rnn.weight_hh_l{l}"].T
                + tensors[f"rnn.bias_l{l}"]
            )
            h_before, c_before = h[l], c[l]
            h[l], c[l], gates = lstm_step(a, c_before)
            step.append((below, h_before, c_before, gates, c[l]))
            below = h[l]
        steps.append((step, below))
        logits.append(below @ tensors["head.weight"].T + tensors["head.bias"])
    return np.array(logits), list(zip(h, c, strict=True)), steps


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def loss(tensors, x, y, state):
    """Mean cross-entropy in nats."""
    logits = forward(tensors, x, state)[0]
    return -np.take_along_axis(log_softmax(logits), y[..., np.newaxis].astype(int), -1).mean()


def gradients(tensors, x, y, state):
    """Gradient of the mean loss: of each tensor, and of the state handed in."""
    logits, _, steps = forward(tensors, x, state)
    vocab = logits.shape[-1]
    d_logits = (np.exp(log_softmax(logits)) - np.eye(vocab)[y]) / x.size
    d = {name: np.zeros(tensor.shape) for name, tensor in tensors.items()}
    layers = len(state)
    d_h = [np.zeros(layer[0].shape) for layer in state]
    d_c = [np.zeros(layer[1].shape) for layer in state]
    for t in reversed(range(len(x))):
        step, top = steps[t]
        d["head.weight"] += d_logits[t].T @ top
        d["head.bias"] += d_logits[t].sum(0)
        above = d_logits[t] @ tensors["head.weight"]
        for l in reversed(range(layers)):
            below, h_before, c_before, (i, f, g, o), c = step[l]
            dh = above + d_h[l]
            dc = d_c[l] + dh * o * (1 - np.tanh(c) ** 2)
            da = np.concatenate(
                [dc * g * i * (1 - i), dc * c_before * f * (1 - f), dc * i * (1 - g**2), dh * np.tanh(c) * o * (1 - o)],
                -1,
            )
            d[f"rnn.weight_ih_l{l}"] += da.T @ below
            d[f"rnn.weight_hh_l{l}"] += da.T @ h_before
            d[f"rnn.bias_l{l}"] += da.sum(0)
            d_h[l], d_c[l] = da @ tensors[f"rnn.weight_hh_l{l}"], dc * f
            above = da @ tensors[f"rnn.weight_ih_l{l}"]
        if "embedding.weight" in tensors:
            np.add.at(d["embedding.weight"], x[t], above)
    return d, list(zip(d_h, d_c, strict=True))


def numeric_gradient(function, array, epsilon=1e-5):
    """Central finite differences of a scalar function of ``array``, which is changed and restored in place."""
    result = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        before = array[index]
        array[index] = before + epsilon
        above = function()
        array[index] = before - epsilon
        below = function()
        array[index] = before
        result[index] = (above - below) / (2 * epsilon)
    return result


def relative_error(got, wanted):
    """Largest difference over the largest value wanted, or over 1 where only zeros are: some units pass nothing on."""
    return np.abs(np.asarray(got, np.float64) - wanted).max() / (np.abs(wanted).max() or 1.0)
