"""Dot-product attention over a batch: each row's queries attend to its encoder outputs, up to the row's length."""

from charrnn.kernels.activations import exp
from charrnn.kernels.cross_entropy import highest
from charrnn.kernels.jit import inlined, jit


@jit
def gather_rows(x, lengths, units, at_end, memory, ends, start, first, last):
    """Copy an encoder's outputs to a memory that is ordered by rows, and copy the output at each row's end.

    Args:
        x: (S, B, at least H).
        lengths: (B,) int32, 0 for a row of padding, whose end is zero.
        units: H.
        at_end: whether a row's end is its last step; else it is step 0, as for a layer that reads backwards.
        memory: (B, at least S, at least start + H), written from column ``start`` on; or (B, 0, ...) to copy only ends.
        ends: (1, B, at least start + H), written from column ``start`` on.
        start: the first column to write.
        first: the first row.
        last: one beyond the last row.
    """
    steps = min(x.shape[0], memory.shape[1])
    for b in range(first, last):
        n = lengths[b]
        for s in range(min(n, steps)):
            for u in range(units):
                memory[b, s, start + u] = x[s, b, u]
        end = n - 1 if at_end else 0
        for u in range(units):
            ends[0, b, start + u] = x[end, b, u] if n else x.dtype.type(0)


@jit
def scatter_rows(d_memory, d_ends, lengths, units, at_end, d_x, start, first, last):
    """Backward pass of ``gather_rows``: write the gradient of ``x``, zero at padding; shapes as there."""
    kept = d_memory.shape[1]
    for s in range(d_x.shape[0]):
        for b in range(first, last):
            n = lengths[b]
            is_end = s == (n - 1 if at_end else 0)
            for u in range(units):
                d = d_x.dtype.type(0)
                if s < n:
                    if s < kept:
                        d += d_memory[b, s, start + u]
                    if is_end:
                        d += d_ends[0, b, start + u]
                d_x[s, b, u] = d


@inlined
def products(query, rows, n, units, scores):
    """``scores[s] = query . rows[s]`` for s < n, four at a time, as sums of one product wait for each other."""
    for s in range(0, n - 3, 4):
        row0, row1, row2, row3 = rows[s], rows[s + 1], rows[s + 2], rows[s + 3]
        score0 = score1 = score2 = score3 = query.dtype.type(0)
        for u in range(units):
            x = query[u]
            score0 += x * row0[u]
            score1 += x * row1[u]
            score2 += x * row2[u]
            score3 += x * row3[u]
        scores[s], scores[s + 1], scores[s + 2], scores[s + 3] = score0, score1, score2, score3
    for s in range(n - n % 4, n):
        row = rows[s]
        score = query.dtype.type(0)
        for u in range(units):
            score += query[u] * row[u]
        scores[s] = score


@inlined
def align(query, rows, n, units, alpha):
    """Compute attention weights: ``alpha = softmax over s < n of query . rows[s]``."""
    products(query, rows, n, units, alpha)
    top = highest(alpha, n)
    total = query.dtype.type(0)
    for s in range(n):
        e = exp(alpha[s] - top)
        alpha[s] = e
        total += e
    factor = query.dtype.type(1) / total
    for s in range(n):
        alpha[s] *= factor


@jit
def attend(queries, memory, lengths, owners, counts, begin, units, alphas, contexts, first, last):
    """``contexts[t, b] = sum over s of alpha[s] m[s]``, with alpha = softmax over s of queries[t, b] . m[s].

    Args:
        queries: (T, B, at least M).
        memory: (R, S, at least M): m is ``memory[owners[b]]``.
        lengths: (R,) int32: steps of each m that are not padding.
        owners: (B,) int32 below R.
        counts: (B,) int32: queries of each row; the contexts beyond them are zero.
        begin: number of queries of each row in earlier calls.
        units: M.
        alphas: (B, at least S), a buffer.
        contexts: (T, B, at least M), written.
        first: the first row.
        last: one beyond the last row.
    """
    for b in range(first, last):
        rows, n, alpha = memory[owners[b]], lengths[owners[b]], alphas[b]
        for t in range(queries.shape[0]):
            context = contexts[t, b]
            for u in range(units):
                context[u] = 0
            if n == 0 or begin + t >= counts[b]:
                continue
            align(queries[t, b], rows, n, units, alpha)
            for s in range(0, n - 3, 4):
                row0, row1, row2, row3 = rows[s], rows[s + 1], rows[s + 2], rows[s + 3]
                part0, part1, part2, part3 = alpha[s], alpha[s + 1], alpha[s + 2], alpha[s + 3]
                for u in range(units):
                    context[u] += part0 * row0[u] + part1 * row1[u] + part2 * row2[u] + part3 * row3[u]
            for s in range(n - n % 4, n):
                row, part = rows[s], alpha[s]
                for u in range(units):
                    context[u] += part * row[u]


@jit
def attend_back(
    queries, memory, lengths, counts, begin, units, alphas, d_alphas, d_contexts, d_queries, d_memory, first, last
):
    """Backward pass of ``attend`` where row b reads ``memory[b]``.

    alpha is recomputed, which costs less than to store it for each query.

    Args:
        queries: as in ``attend``.
        memory: as in ``attend``.
        lengths: as in ``attend``.
        counts: as in ``attend``.
        begin: as in ``attend``.
        units: as in ``attend``.
        alphas: as in ``attend``.
        d_alphas: a buffer like ``alphas``.
        d_contexts: (T, B, at least M).
        d_queries: (T, B, at least M), written; zero for queries that do not count.
        d_memory: like ``memory``: the gradients are added.
        first: the first row.
        last: one beyond the last row.
    """
    for b in range(first, last):
        rows, d_rows, n, alpha, d_alpha = memory[b], d_memory[b], lengths[b], alphas[b], d_alphas[b]
        for t in range(queries.shape[0]):
            query, d_query, d_context = queries[t, b], d_queries[t, b], d_contexts[t, b]
            for u in range(units):
                d_query[u] = 0
            if n == 0 or begin + t >= counts[b]:
                continue
            align(query, rows, n, units, alpha)
            products(d_context, rows, n, units, d_alpha)
            mean = query.dtype.type(0)
            for s in range(n):
                mean += alpha[s] * d_alpha[s]
            for s in range(n):
                d_alpha[s] = alpha[s] * (d_alpha[s] - mean)  # of the scores, from here on
            for s in range(0, n - 1, 2):
                row0, row1, d_row0, d_row1 = rows[s], rows[s + 1], d_rows[s], d_rows[s + 1]
                part0, part1, d_score0, d_score1 = alpha[s], alpha[s + 1], d_alpha[s], d_alpha[s + 1]
                for u in range(units):
                    d_query[u] += d_score0 * row0[u] + d_score1 * row1[u]
                    d_row0[u] += part0 * d_context[u] + d_score0 * query[u]
                    d_row1[u] += part1 * d_context[u] + d_score1 * query[u]
            for s in range(n - n % 2, n):
                row, d_row = rows[s], d_rows[s]
                for u in range(units):
                    d_query[u] += d_alpha[s] * row[u]
                    d_row[u] += alpha[s] * d_context[u] + d_alpha[s] * query[u]
