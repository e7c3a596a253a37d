import click
import pytest
from click.testing import CliRunner

from charrnn.cli.shared.options import option


@pytest.fixture
def shown(monkeypatch):
    """What a command with --some-size and --flag sees, given variables and arguments."""

    @click.command("demo")
    @option("--some-size", "size", type=int, help="A size.", unset=7)
    @option("--flag", is_flag=True)
    def command(size, flag):
        click.echo(f"{size} {flag}")

    def shown(*arguments, **variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(command, arguments)

    return shown


def test_a_variable_gives_an_option_that_may_be_repeated_one_value(monkeypatch):
    @click.command("demo")
    @option("--stop", multiple=True)
    def command(stop):
        click.echo(repr(stop))

    monkeypatch.setenv("CHARRNN_STOP", "\nthe end \n")
    assert CliRunner().invoke(command, []).stdout == f"{(chr(10) + 'the end ' + chr(10),)!r}\n"
    assert CliRunner().invoke(command, ["--stop", "a", "--stop", "b"]).stdout == "('a', 'b')\n"
    monkeypatch.delenv("CHARRNN_STOP")
    assert CliRunner().invoke(command, []).stdout == "()\n"


def test_without_variables(shown):
    assert shown().stdout == "None False\n"


def test_a_variable_sets_an_option(shown):
    assert shown(CHARRNN_SOME_SIZE="3", CHARRNN_FLAG="1").stdout == "3 True\n"


def test_the_variable_of_the_command_wins(shown):
    assert shown(CHARRNN_SOME_SIZE="3", CHARRNN_DEMO_SOME_SIZE="4").stdout == "4 False\n"


def test_the_command_line_wins(shown):
    assert shown("--some-size", "5", CHARRNN_SOME_SIZE="3", CHARRNN_FLAG="0").stdout == "5 False\n"


def test_an_empty_variable_is_none(shown):
    assert shown(CHARRNN_SOME_SIZE="").stdout == "None False\n"


def test_a_wrong_variable_is_a_usage_error(shown):
    assert shown(CHARRNN_SOME_SIZE="large").exit_code == 2


def test_the_help_shows_a_default_that_is_decided_elsewhere(shown):
    assert "A size.  [default: 7]" in shown("--help").stdout


@pytest.mark.parametrize("columns", ["1", "2", "9", "20"])
@pytest.mark.parametrize("words", [[], ["train"], ["sample"]])
def test_the_help_is_shown_on_a_narrow_terminal(invoke, monkeypatch, columns, words):
    monkeypatch.setenv("COLUMNS", columns)
    result = invoke(*words, "--help")
    assert result.exit_code == 0
    assert "--help" in result.stdout
