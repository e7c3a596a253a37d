import subprocess
import sys
from pathlib import Path

import click
import pytest

import charrnn
from charrnn.cli.shared.group import file_of, first_line, group

FOLDER = Path(charrnn.__file__).parent / "cli"
COMMANDS = sorted(
    {path.stem.replace("_", "-") for path in FOLDER.iterdir() if path.stem.strip("_") == path.stem} - {"shared"}
)


def test_every_file_is_a_command_of_its_name():
    assert group.list_commands(click.Context(group)) == COMMANDS
    for name in COMMANDS:
        assert group.get_command(click.Context(group), name).name == name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_file_says_in_its_first_line_what_its_command_does(name, invoke):
    path = file_of(name)
    with path.open() as file:
        assert file.readline().startswith(f'"""``charrnn {name}``: ')
    assert first_line(path) in " ".join(invoke("--help").stdout.split())


def test_version(invoke):
    assert invoke("--version").stdout == f"charrnn {charrnn.__version__}\n"


def test_an_unknown_command_is_a_usage_error(invoke):
    result = invoke("trian")
    assert result.exit_code == 2
    assert "No such command 'trian'. Did you mean 'train'?" in result.stderr
    assert "The commands are compile, corpus" in invoke("x").stderr
    assert invoke("--nonsense").exit_code == 2


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["sample", "-h"]])
def test_help_imports_nothing_heavy(arguments):
    program = (
        "import sys\n"
        "from charrnn.cli.shared.group import group\n"
        f"group({arguments}, standalone_mode=False)\n"
        "print({'numpy', 'numba', 'tqdm', 'safetensors'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "set()"
