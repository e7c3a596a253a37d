"""One step of beam search: the most probable extensions of each row's hypotheses."""

from charrnn.kernels.jit import jit


@jit
def extend(scores, log_probabilities, ended, best, parents, symbols):
    """Add the log probabilities of the next symbols to the scores, and keep the best K extensions of each row.

    Symbol 0 ends a hypothesis, so it extends none. Of equal sums, that of the better hypothesis comes first, then that
    of the smaller symbol.

    Args:
        scores: (A, K) log probabilities of A rows' hypotheses.
        log_probabilities: (A K, C) of the symbols after each hypothesis.
        ended: (A, K) written: the log probabilities of the hypotheses ended here.
        best: (A, K) written: those of the best extensions, the best first; -inf where there are fewer.
        parents: (A, K) integers, written: the hypothesis that each extends.
        symbols: (A, K) integers, written: the symbol that it adds.
    """
    rows, width = scores.shape
    classes = log_probabilities.shape[1]
    for a in range(rows):
        for k in range(width):
            best[a, k] = -float("inf")
            parents[a, k] = 0
            symbols[a, k] = 1
        for k in range(width):
            score = scores[a, k]
            ended[a, k] = score + log_probabilities[a * width + k, 0]
            for v in range(1, classes):
                total = score + log_probabilities[a * width + k, v]
                at = width
                while at > 0 and total > best[a, at - 1]:
                    at -= 1
                for later in range(width - 1, at, -1):
                    best[a, later] = best[a, later - 1]
                    parents[a, later] = parents[a, later - 1]
                    symbols[a, later] = symbols[a, later - 1]
                if at < width:
                    best[a, at], parents[a, at], symbols[a, at] = total, k, v
