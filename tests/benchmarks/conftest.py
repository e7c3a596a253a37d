import json
import sys
from importlib import import_module

import pytest


@pytest.fixture
def without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)


@pytest.fixture
def run_benchmark(without_torch, tmp_path, capsys):
    """Run a benchmark as if PyTorch were not installed: its report, stdout and stderr."""

    def run(name, *options):
        path = tmp_path / "report.json"
        code = import_module(f"benchmarks.{name}").main(["--json", str(path), *options])
        out, err = capsys.readouterr()
        assert code == 0, err
        report = json.loads(path.read_text())
        assert report["benchmark"] == name
        assert report["machine"]["versions"]["numba"] in out
        return report, out, err

    return run
