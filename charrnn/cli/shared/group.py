"""The command ``charrnn`` itself, which finds its subcommands by their files and imports only the one called."""

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from charrnn import __version__
from charrnn.cli.shared.failures import one_line_failures

FOLDER = Path(__file__).parent.parent

NO_COMMANDS = {"__init__", "shared"}


class FolderGroup(click.Group):
    """A group whose commands are the files and folders of ``charrnn/cli``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands' names: those of the files and folders here."""
        found = [*FOLDER.glob("*.py"), *(file.parent for file in FOLDER.glob("*/__init__.py"))]
        return sorted(path.stem.replace("_", "-") for path in found if path.stem not in NO_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command with that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"charrnn.cli.{module_of(cmd_name)}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands with their files' first lines, since importing all of them takes too long."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, first_line(file_of(name))) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or suggest one with a similar name."""
        import difflib

        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], known, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"The commands are {', '.join(known)}."
            ctx.fail(f"No such command {args[0]!r}. {hint}")
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **keywords: Any) -> Any:
        """Run the program, turning any error into one line and an exit code, also during shell completion."""
        with one_line_failures():
            return super().main(*args, **keywords)

    def make_context(self, *args: Any, **keywords: Any) -> click.Context:
        """Parse the arguments, which may print the help or the version."""
        with one_line_failures():  # before click turns a closed pipe into exit code 1
            return super().make_context(*args, **keywords)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the chosen command, turning any error into one line and an exit code."""
        with one_line_failures():
            return super().invoke(ctx)


def module_of(name: str) -> str:
    """Return the name of the module that defines a command."""
    return name.replace("-", "_")


def file_of(name: str) -> Path:
    """Return the file that defines a command."""
    path = FOLDER / module_of(name)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def first_line(file: Path) -> str:
    """Read what a command does from its file's first line, which is "``charrnn NAME``: WHAT IT DOES."."""
    with file.open(encoding="utf-8") as source:
        text = source.readline().partition(": ")[2].strip(' "\n')
    return text[:1].upper() + text[1:]


EXAMPLES = """\b
Examples:
  charrnn train book.txt --minutes 5
  charrnn sample --seed "Once upon a time"
"""


@click.group(cls=FolderGroup, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(prog)s %(version)s")
def group() -> None:
    """Train character-level recurrent language models on a CPU, and sample text from them.

    Environment variables set options: CHARRNN_THREADS=1 for all commands, CHARRNN_TRAIN_THREADS=1 for one. An
    option that may be repeated gets a single value from its variable.
    """
