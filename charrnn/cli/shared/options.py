"""Options that several commands have, and the class of all options."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from charrnn.arguments import MOST_THREADS
from charrnn.display import pasteable
from charrnn.errors import ConfigError
from charrnn.kinds.config import PRECISIONS
from charrnn.options import Option
from charrnn.training.run_options import CHECKPOINTS, RUN_OPTIONS

F = TypeVar("F", bound=Callable[..., Any])


class VariableOption(click.Option):
    """An option that the variable CHARRNN_<COMMAND>_<OPTION> or else CHARRNN_<OPTION> can set.

    Attributes:
        group: heading under which the help lists it, if its command groups options.
        aliases: former flags, which still work but are not in the help.
    """

    def __init__(
        self, declarations: Sequence[str], group: str = "", aliases: tuple[str, ...] = (), **keywords: Any
    ) -> None:
        super().__init__([*declarations, *aliases], **keywords)
        self.group, self.aliases = group, aliases

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Build the option's entry in the help."""
        opts, self.opts = self.opts, [name for name in self.opts if name not in self.aliases]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = opts

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the value of the first variable that is set and not empty."""
        variable = self.variable(ctx)
        return None if variable is None else os.environ[variable]

    def value_from_envvar(self, ctx: click.Context) -> Any:
        """Return the variable's value, which is a single one even for an option that may be repeated."""
        value = self.resolve_envvar_value(ctx)
        return (value,) if self.multiple and value is not None else super().value_from_envvar(ctx)

    def variable(self, ctx: click.Context) -> str | None:
        """Find the name of the variable that sets this option."""
        flags = [name[2:] for name in self.opts if name.startswith("--")]
        own = [flag for flag in flags if f"--{flag}" in self.aliases or flag == flags[0]]
        names = (f"charrnn-{of}{flag}" for flag in own for of in (f"{ctx.command.name}-", ""))
        variables = (name.replace("-", "_").upper() for name in names)
        return next((variable for variable in variables if os.environ.get(variable)), None)


def option(*names: str, unset: object = None, **attributes: Any) -> Callable[[F], F]:
    """Declare an option that an environment variable can set.

    Args:
        names: its flags and, if needed, the name of its parameter.
        unset: the default as the help shows it, for options whose default is decided elsewhere.
        attributes: keyword arguments of ``click.option``.
    """
    if unset is not None:
        attributes["help"] += f"  [default: {unset}]"
    return click.option(*names, cls=VariableOption, **attributes)


def declared(one: Option, **changed: Any) -> Callable[[F], F]:
    """Build the command-line option for a declaration.

    An option that is not given is None, so that its default can be decided elsewhere; a switch that is on by default
    is True.

    Args:
        one: the declaration.
        changed: arguments of ``option`` in which a command differs from the declaration.
    """
    attributes: dict[str, Any] = {"help": one.help, "metavar": one.metavar, "group": one.group}
    flag = f"--{one.flag}"
    if one.kind is bool:
        flag = f"{flag}/--no-{one.flag}" if one.negatable else flag
        attributes |= {"is_flag": True, "default": one.default or None}
        attributes |= {"unset": one.shown_default or ("on" if one.default else "off")} if one.negatable else {}
    else:
        kind = click.Path(path_type=Path) if one.kind is Path else one.kind
        unset = str(one.default) if one.shown_default is None and one.default is not None else one.shown_default
        attributes |= {"type": click.Choice(one.choices()) if one.choices else kind, "unset": unset or None}
    return option(flag, one.name, **attributes | changed)


def is_typed(name: str) -> bool:
    """Whether a parameter was given on the command line, not by a variable, which may be meant for other commands."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def refuse_typed(names: Iterable[str], owners: str) -> None:
    """Refuse those of these options that were typed, as they are for ``owners``, such as "models that score text"."""
    for name in names:
        if is_typed(name):
            raise click.UsageError(f"--{name.replace('_', '-')} is for {owners}: leave it out.")


def check_belonging(name: str, owner: str, is_used: bool) -> None:
    """Refuse option ``name`` if it was typed without ``owner``, the option that it requires."""
    if is_typed(name) and not is_used:
        raise click.UsageError(f"--{name.replace('_', '-')} requires {owner}: give both.")


def where(folder: Path) -> list[str]:
    """Return the words of ``--checkpoints FOLDER`` for a command line; none for the default folder."""
    return [] if folder == CHECKPOINTS else ["--checkpoints", str(folder)]


def command_on(name: str, folder: Path, command: str) -> str:
    """Build a command line for the run or sweep called ``name``."""
    words = [*where(folder), "--", name] if name.startswith("-") else [name, *where(folder)]
    return pasteable(["charrnn", command, *words])


checkpoints = declared(RUN_OPTIONS["checkpoints"], default=CHECKPOINTS)
THREADS = click.IntRange(1, MOST_THREADS)
"""The type of a number of threads, and of runs at once."""

threads = declared(RUN_OPTIONS["threads"], type=THREADS)

precision = option(
    "--precision",
    type=click.Choice(PRECISIONS),
    help="Precision to compute in; bf16 is less exact and needs half the memory for matrix products.",
    unset="the training's, or float32 where the CPU has no bf16",
)


def unknown(help_text: str) -> Callable[[F], F]:
    """Declare ``--unknown``, whose help begins with ``help_text``."""
    return option(
        "--unknown",
        type=click.Choice(["error", "skip", "replace"]),
        default="error",
        show_default=True,
        help=f"{help_text} With replace, similar known characters are read instead (e for é), or else a space.",
    )


encoding = declared(RUN_OPTIONS["encoding"])
as_json = option("--json", "as_json", is_flag=True, help="Print JSON.")
target = click.argument("target", metavar="[RUN|FILE]", required=False)


def check_alone(alone: bool, config: Any, path: Path) -> None:
    """Refuse --alone for a mixture, which has no network of its own to ask.

    Raises:
        ConfigError: the model is a mixture.
    """
    if alone and hasattr(config, "members"):
        raise ConfigError(f"{path} must be a network, not a mixture: name one of its runs, or leave --alone out")
