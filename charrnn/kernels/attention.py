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
def align(query, rows, n, units, alpha):
    """Compute attention weights: ``alpha = softmax over s < n of query . rows[s]``."""
    for s in range(n):
        row = rows[s]
        score = query.dtype.type(0)
        for u in range(units):
            score += query[u] * row[u]
        alpha[s] = score
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
            for s in range(n):
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
            mean = query.dtype.type(0)
            for s in range(n):
                row = rows[s]
                d = query.dtype.type(0)
                for u in range(units):
                    d += d_context[u] * row[u]
                d_alpha[s] = d
                mean += alpha[s] * d
            for s in range(n):
                row, d_row, part = rows[s], d_rows[s], alpha[s]
                d_score = part * (d_alpha[s] - mean)
                for u in range(units):
                    d_query[u] += d_score * row[u]
                    d_row[u] += part * d_context[u] + d_score * query[u]
