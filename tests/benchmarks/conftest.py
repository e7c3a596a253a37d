import json
import sys
from importlib import import_module

import pytest


@pytest.fixture
def alone(monkeypatch):
    """As if no other engine were installed."""
    for name in ("torch", "onnx", "onnxruntime"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.fixture
def run_benchmark(alone, tmp_path, capsys):
    """Run a benchmark as if no other engine were installed: its report, stdout and stderr."""

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
