"""The probability of each character of a text, and the most probable ones in its place."""

import numpy as np

from charrnn.kinds.contract import LanguageModel
from charrnn.sampling.growth import DrawnPiece
from charrnn.sampling.streams import READ_WINDOW
from charrnn.text.vocabulary import END, Vocabulary


def logprobs_of(network: LanguageModel, vocabulary: Vocabulary, symbols: str, top: int) -> DrawnPiece:
    """Read a text as one stream, and predict each of its characters.

    Nothing predicts the first character, whose values are NaN and -1; but a model of documents predicts it from END.

    Args:
        network: the model.
        vocabulary: its vocabulary, which has all symbols.
        symbols: the text (N,), of at least one symbol; for a model of documents, the beginning of one.
        top: R, how many of the most probable characters to report in the place of each; at most V.
    """
    begun = END if vocabulary.documents else ""
    ids = vocabulary.encode(begun + symbols)
    unpredicted = 1 - len(begun)
    nats = np.full(len(symbols), np.nan)
    top_ids = np.full((len(symbols), top), -1, np.int32)
    top_logprobs = np.full((len(symbols), top), np.nan)
    steps = min(READ_WINDOW, max(1, len(ids) - 1))
    state, buffers = network.initial_state(1), network.buffers(steps, 1)
    for first in range(0, len(ids) - 1, steps):
        x, targets = ids[first : first + steps], ids[first + 1 : first + steps + 1]
        x = x[: len(targets)]
        logits = network.run(x[:, np.newaxis], state, buffers).logits[: len(x), 0, : network.config.vocab_size]
        logprobs = np.float64(logits)
        logprobs -= logprobs.max(axis=1, keepdims=True)
        logprobs -= np.log(np.exp(logprobs).sum(axis=1, keepdims=True))
        here = slice(unpredicted + first, unpredicted + first + len(x))
        nats[here] = -logprobs[np.arange(len(x)), targets]
        top_ids[here] = np.argsort(-logprobs, axis=1, kind="stable")[:, :top]
        top_logprobs[here] = np.take_along_axis(logprobs, top_ids[here].astype(np.int64), axis=1)
    return DrawnPiece(symbols, nats, top_ids, top_logprobs)
