"""Commands whose help lists their options in groups, and options made from declarations."""

from collections.abc import Callable
from typing import Any

import click

from charrnn.cli.shared.options import F, option
from charrnn.options import Option

GROUPS = ("Data", "Model", "Training", "Length of the run", "Saving", "Output")
"""Headings of the groups, in this order."""


class GroupedCommand(click.Command):
    """A command whose help lists its options in GROUPS."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options by group; those without a group end the last one."""
        for group in GROUPS:
            options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
            of_group = [each for each in options if (getattr(each, "group", "") or GROUPS[-1]) == group]
            with formatter.section(group):
                formatter.write_dl([record for each in of_group if (record := each.get_help_record(ctx))])


def declared(one: Option) -> Callable[[F], F]:
    """Make the command-line option of a declaration.

    An option that is not given is None, so that a run's plan may choose it; a switch that is on by default is True.
    """
    attributes: dict[str, Any] = {"help": one.help, "metavar": one.metavar, "group": one.group}
    flag = f"--{one.flag}"
    if one.kind is bool:
        flag = f"{flag}/--no-{one.flag}" if one.negatable else flag
        attributes |= {"is_flag": True, "default": one.default or None}
    else:
        unset = str(one.default) if one.shown_default is None and one.default is not None else one.shown_default
        attributes |= {"type": click.Choice(one.choices()) if one.choices else one.kind, "unset": unset or None}
    return option(flag, one.name, **attributes)
