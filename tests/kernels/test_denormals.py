import threading

import numpy as np
import pytest

from charrnn.kernels.denormals import flush_denormals, restore
from charrnn.kernels.jit import jit
from charrnn.kernels.processor import ARCHITECTURE
from charrnn.workers import Workers


@jit
def halve(x):
    for k in range(x.shape[0]):
        x[k] *= x.dtype.type(0.5)


def halved():
    x = np.full(40, 1.5e-38, "float32")
    halve(x)
    return x


@pytest.mark.skipif(ARCHITECTURE not in {"x86_64", "aarch64"}, reason="other processors' modes are left alone")
def test_denormal_results_and_operands_are_zero_until_the_mode_is_restored():
    assert halved().all()
    denormal = halved()
    mode = flush_denormals()
    try:
        assert not halved().any()
        halve(denormal)
    finally:
        restore(mode)
    assert halved().all()
    assert not denormal.view(np.int32).any()


@pytest.mark.skipif(ARCHITECTURE not in {"x86_64", "aarch64"}, reason="other processors' modes are left alone")
def test_jobs_run_without_denormals_in_every_thread_and_leave_no_trace():
    seen = {}

    def job(part, parts):
        seen[threading.get_ident()] = halved().any()

    with_barrier = threading.Barrier(3)

    def waiting(part, parts):
        with_barrier.wait()
        job(part, parts)

    Workers(3).run(waiting)
    assert list(seen.values()) == [False, False, False]
    assert halved().all()

    def failing(part, parts):
        raise ValueError("by the job")

    with pytest.raises(ValueError, match="by the job"):
        Workers(1).run(failing)
    assert halved().all()
