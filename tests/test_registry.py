import os
import subprocess
import sys

import pytest

from charrnn.cells.gru_lecture import CELL as GRU_LECTURE
from charrnn.cells.lstm import CELL
from charrnn.errors import ConfigError
from charrnn.registry import find, names_in


def test_names_are_the_files_of_the_folder():
    assert "lstm" in names_in("cells")
    assert names_in("optimizers") == ["adagrad", "adam", "rmsprop", "sgd"]


def test_a_part_is_found_by_its_name():
    assert find("cells", "cell", "lstm") is CELL
    assert find("cells", "cell", "gru-lecture") is GRU_LECTURE


@pytest.mark.parametrize("name", ["elman", "contract", "__init__", "../cells/lstm", "gru_lecture", ""])
def test_an_unknown_name_is_an_error_that_lists_the_known_ones(name):
    with pytest.raises(ConfigError, match=r"unknown cell .*: choose one of .*lstm"):
        find("cells", "cell", name)


def test_names_are_listed_without_importing_what_is_heavy():
    code = "import sys; from charrnn.registry import names_in; names_in('cells'); print('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_broken_part_of_another_package_is_told_when_it_is_used_and_breaks_nothing_else(tmp_path):
    (tmp_path / "broken-1.dist-info").mkdir()
    (tmp_path / "broken-1.dist-info" / "METADATA").write_text("Name: broken\nVersion: 1\n")
    points = "[charrnn.cells]\nodd = odd\ngone = gone.cell\n[charrnn.models]\nbad = bad\n"
    (tmp_path / "broken-1.dist-info" / "entry_points.txt").write_text(points)
    (tmp_path / "odd.py").write_text("CELL = (\n")
    (tmp_path / "bad.py").write_text("import no_such_module\n")
    (tmp_path / "text.txt").write_text("a text to learn from\n" * 20)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])

    def run(*words):
        command = [sys.executable, "-m", "charrnn", *words]
        environment = os.environ | {"PYTHONPATH": path}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=tmp_path)
        return done.returncode, done.stderr.strip()

    assert run("train", "--help") == (0, "")
    assert run("runs")[0] == 0
    small = ("--steps", "1", "--hidden-size", "4", "--quiet", "--batch-size", "2", "--seq-length", "5")
    for option, name, what in (
        ("--cell", "odd", "odd: SyntaxError"),
        ("--cell", "gone", "gone.cell: ModuleNotFoundError"),
        ("--model", "bad", "bad: ModuleNotFoundError"),
    ):
        code, told = run("train", "text.txt", option, name, *small)
        assert code in (1, 2)
        assert what in told, told
        assert "Traceback" not in told
