"""Checks of the parts of distributed training, which mpirun starts in three processes; see ``test_parts``."""

import sys
import traceback
from dataclasses import replace
from pathlib import Path

import numpy as np

from charrnn.distributed.communicator import Communicator
from charrnn.distributed.local_steps import LocalSteps
from charrnn.distributed.processes import Processes
from charrnn.distributed.synchronous import Synchronous
from charrnn.errors import ConfigError
from charrnn.storage.corpus import read_corpus
from charrnn.text.batches import Batch
from charrnn.training.divergence import DivergedError
from charrnn.training.settings import TrainingSettings
from charrnn.training.together import Wishes

SETTINGS = TrainingSettings(sync_every=3, outer_rate=0.7, outer_momentum=0.9)

WISHES = Wishes(1.5, save=True, stop=False)


def vector_of(rank, size=1001):
    return np.random.default_rng(rank).normal(size=size).astype(np.float32)


def failure_of(work):
    try:
        work()
    except Exception as error:
        return error
    raise AssertionError("no failure")


def check_sums(communicator):
    for size in (0, 1, 2, 1001):
        vector = vector_of(communicator.rank, size)
        communicator.add_up(vector)
        first, second, third = (vector_of(rank, size) for rank in range(3))
        assert np.array_equal(vector, first + second + third)


def check_messages(communicator):
    assert communicator.exchange([communicator.rank, 0.5]).tolist() == [[0, 0.5], [1, 0.5], [2, 0.5]]
    assert communicator.broadcast({"rank": communicator.rank}, 2) == {"rank": 2}


def check_failures(together, rank):
    def fails():
        if rank == 1:
            raise ConfigError("of process 1")
        return rank

    error = failure_of(lambda: together.each(fails))
    assert isinstance(error, ConfigError)
    assert str(error) == "of process 1"
    assert together.each(lambda: rank) == rank
    assert together.first(lambda: rank) == 0

    def stops():
        raise ValueError(f"of process {rank}")

    assert str(failure_of(lambda: together.first(stops))) == "of process 0"


def check_rows(together, rank):
    weights = np.ones((4, 7), np.float32)
    weights[2:, 3:] = 0
    batch = Batch(
        np.arange(28).reshape(4, 7), np.arange(28).reshape(4, 7), weights, lengths=np.arange(7, dtype=np.int32)
    )
    own = together.rows(batch)
    assert together.streams(7) == own.inputs.shape[1] == len(own.lengths)
    gradient = np.full(5, float(rank), np.float32)
    loss = together.mean(float(rank), gradient, own, batch)
    shares = [float(weights[:, first:last].sum()) / float(weights.sum()) for first, last in ((0, 2), (2, 4), (4, 7))]
    assert abs(loss - sum(r * share for r, share in enumerate(shares))) < 1e-12
    np.testing.assert_allclose(gradient, loss, rtol=1e-6)
    assert isinstance(failure_of(lambda: together.streams(2)), ConfigError)


def check_gathering(together, rank, is_own):
    tensors = {"weight": vector_of(9), "optimizer.m": vector_of(rank if is_own else 8)}
    state = np.arange(14, dtype=np.float32).reshape(7, 2)
    first, last = ((0, 2), (2, 4), (4, 7))[rank]
    tensors["state.h_l0"] = state[first:last]
    together.gather(tensors)
    whole = together.gathered({})
    assert bool(whole) == (rank == 0)
    if whole:
        assert np.array_equal(whole["state.h_l0"], state)
        assert np.array_equal(whole["weight"], tensors["weight"])
    found = together.scatter(whole)
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert np.array_equal(found[name], tensor), name


def check_agreement(together, rank):
    own = Wishes(100.0 + rank, save=rank != 0, stop=rank == 2)
    decision, changed = together.agree(5, own, False, np.zeros(3, np.float32))
    assert decision == Wishes(100.0, save=False, stop=True)
    assert not changed


def check_local_steps(communicator):
    """Two rounds of 3 steps against the formula of the outer step, in float64."""
    rank, local = communicator.rank, LocalSteps(communicator, SETTINGS)
    theta, momentum = vector_of(7).astype(np.float64), 0.0
    parameters, batch = vector_of(7), Batch(np.zeros((2, 3)), np.zeros((2, 3)))
    decision, changed = local.agree(0, WISHES, False, parameters)
    assert decision == WISHES
    assert not changed
    for step in range(1, 7):
        gradient = np.ones(3, np.float32)
        assert local.mean(2.0 + rank, gradient, local.rows(batch), batch) == 2.0 + rank
        assert np.array_equal(gradient, np.ones(3))
        parameters -= vector_of(100 * step + rank) / 10
        decision, changed = local.agree(step, replace_seconds(step), False, parameters)
        assert changed == (step % 3 == 0)
        assert decision.seconds == (step if changed else (step - 1) // 3 * 3 or 1.5)
        if changed:
            moved = [sum(vector_of(100 * s + r) / 10 for s in range(step - 2, step + 1)) for r in range(3)]
            difference = np.mean(moved, axis=0, dtype=np.float64)
            momentum = 0.9 * momentum + difference
            theta -= 0.7 * (difference + 0.9 * momentum)
            np.testing.assert_allclose(parameters, theta, atol=2e-6)
    assert local.whole_rounds(7) == 9
    for optimizer, factor in (("adam", 3**0.5), ("sgd", 1.0)):
        assert LocalSteps(communicator, replace(SETTINGS, optimizer=optimizer)).rate_factor == factor
    check_gathering(local, rank, is_own=True)
    local.mean(1.0, np.ones(3, np.float32), batch, batch)
    assert local.agree(7, WISHES, True, parameters)[1], "the run's end ends the round"
    error = failure_of(lambda: diverge(local, rank, batch, parameters))
    assert isinstance(error, DivergedError), error


def replace_seconds(step):
    return WISHES._replace(seconds=float(step))


def diverge(local, rank, batch, parameters):
    """Process 1 diverges in the first step of a round, and the others notice at its end."""
    for step in range(7, 9):
        local.mean(float("nan") if rank == 1 else 1.0, np.ones(3, np.float32), batch, batch)
        local.agree(step + 1, WISHES, False, parameters)


def check_corpus(processes, rank, folder):
    """Processes that cannot read the cache get the text in messages."""
    text, cache = folder / "text.txt", folder / f"cache-of-process-{rank}"
    corpus = None
    if rank == 0:
        text.write_text("to be or not to be")
        corpus = read_corpus(cache, [str(text)], encoding="utf-8", as_bytes=False)
    else:
        assert processes.hear()[0] == "read"
    for caches in ((cache,), (folder / "missing", folder / "cache-of-process-0")):
        if rank and caches[0].name == "missing":
            assert processes.hear()[0] == "read"
        found = processes.share_corpus(caches, corpus)
        assert found.vocabulary.decode(found.ids) == "to be or not to be"
        assert found.fingerprint


def main():
    communicator = Communicator()
    try:
        check(communicator)
    except BaseException:
        traceback.print_exc()
        communicator.abort()


def check(communicator):
    rank, together = communicator.rank, Synchronous(communicator)
    check_sums(communicator)
    check_messages(communicator)
    check_failures(together, rank)
    check_rows(together, rank)
    check_gathering(together, rank, is_own=False)
    check_agreement(together, rank)
    check_local_steps(communicator)
    processes = Processes()
    assert processes.threads() >= 1
    assert processes.notes() == ("3 processes on this machine train together",)
    check_corpus(processes, rank, Path(sys.argv[1]))
    print(f"process {rank} is done", flush=True)


if __name__ == "__main__":
    main()
