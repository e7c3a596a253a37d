import ctypes
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from jobs import TEXT

from charrnn.kernels.jit import Prepared
from charrnn.kinds.config import make_config
from charrnn.models.language.parameters import LanguageParameters
from charrnn.sweeps.folder import SweepFolder

settings.register_profile("any machine", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # the same examples each time, however long they take

BPCS = {("adam", 0): 2.0, ("adam", 1): 2.5, ("adam", 2): 2.1, ("sgd", 0): 1.9, ("sgd", 1): None}

if hasattr(signal, "SIGHUP"):  # nohup has it ignored, here and in what is started here
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "cat.txt"
    path.write_text(TEXT)
    return str(path)


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


def kind(argument):
    """What tells apart the types that Numba has for arguments; to ask Numba takes longer than many a test."""
    if isinstance(argument, np.ndarray):
        return argument.dtype.char, argument.ndim, argument.flags.c_contiguous, argument.flags.writeable
    return tuple(map(kind, argument)) if isinstance(argument, tuple) else type(argument)


@pytest.fixture(autouse=True)
def keep_to_types(monkeypatch):
    """Prepared kernels, which do not look, get what their first call got."""
    call = Prepared.__call__

    def checked(self, *arguments):
        kinds = kind(arguments)
        assert kinds == vars(self).setdefault("kinds", kinds)
        return call(self, *arguments)

    monkeypatch.setattr(Prepared, "__call__", checked)


@pytest.fixture(autouse=True, scope="session")
def _no_helpers():
    """No other process compiles for this one: it might outlive its test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("charrnn.compiling.allow_helpers", lambda: None)
        yield


@pytest.fixture
def random():
    return np.random.default_rng(1234)


@pytest.fixture
def make_parameters(random):
    """LanguageParameters in which no tensor is special: all that training starts from, and noise."""

    def make(**shape):
        parameters = LanguageParameters(make_config(**shape)).initialise(0)
        for tensor in parameters.tensors.values():
            tensor[:] += random.normal(0, 0.2, tensor.shape)
        return parameters

    return make


@pytest.fixture
def make_window(random):
    """Ids x and y (T, B), and a state that is not zero."""

    def make(network, steps, streams):
        x, y = random.integers(0, network.config.vocab_size, (2, steps, streams)).astype(np.int32)
        state = network.initial_state(streams)
        for layer in state:
            for array in layer:
                array[:] = random.normal(0, 0.5, array.shape)
        return x, y, state

    return make


@pytest.fixture
def sweep_folder(tmp_path):
    """A sweep of two optimizers and some seeds, one of which has failed."""
    runs = []
    for (optimizer, seed), bpc in BPCS.items():
        name, swept = f"optimizer={optimizer},rng-seed={seed}", {"optimizer": optimizer, "rng-seed": seed}
        runs.append({"name": name, "sources": ["/x"], "options": {**swept, "steps": 20}, "swept": swept})
        (tmp_path / name).mkdir()
        if bpc:
            lines = [
                {"step": 10 * i, "epoch": i, "seconds": 60 * i, "train_bpc": 3, "val_bpc": b, "chars_per_second": c}
                for i, (b, c) in enumerate([(bpc + 1, 1000), (bpc, 3000), (bpc + 0.5, 2000)], start=1)
            ]
            (tmp_path / name / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "sweep.json").write_text(json.dumps({"name": "x", "runs": runs}))
    (tmp_path / "failures.json").write_text(json.dumps({"optimizer=sgd,rng-seed=1": "too hot"}))
    return SweepFolder(tmp_path)


def without_roots_rights():
    """Let a process of root's be refused what others are."""
    drop_from_bounding_set, override_permissions = 24, 1
    if os.geteuid() == 0 and ctypes.CDLL(None).prctl(drop_from_bounding_set, override_permissions, 0, 0, 0):
        raise OSError("the right cannot be given up")


@pytest.fixture
def unprivileged(tmp_path):
    """What a process calls before its program (``preexec_fn``), so that it cannot write into a folder of mode 555."""
    if sys.platform != "linux":
        pytest.skip("only Linux lets root give up rights")
    try:
        subprocess.run([sys.executable, "-c", ""], preexec_fn=without_roots_rights, check=True)
    except subprocess.SubprocessError:
        pytest.skip("this root cannot give up its rights")
    yield without_roots_rights
    for folder in tmp_path.glob("**/"):
        folder.chmod(0o755)
