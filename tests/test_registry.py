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
