import json
import subprocess
import sys

import pytest

from benchmarks.shared.machine import ROOT

WITHOUT_TORCH = "import sys; sys.modules['torch'] = None; from benchmarks.{0} import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture
def run_benchmark(tmp_path):
    """Run a benchmark as its users do, as if PyTorch were not installed: its report, stdout and stderr."""

    def run(name, *options):
        path = tmp_path / "report.json"
        command = [sys.executable, "-c", WITHOUT_TORCH.format(name), "--json", str(path), *options]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
        report = json.loads(path.read_text())
        assert report["benchmark"] == name
        assert report["machine"]["versions"]["numba"] in result.stdout
        return report, result.stdout, result.stderr

    return run
