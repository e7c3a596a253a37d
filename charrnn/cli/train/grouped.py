"""Commands whose help lists their options in groups."""

import click

GROUPS = ("Data", "Model", "Training", "Length of the run", "Saving", "Output")
"""Headings of the groups, in this order."""


class GroupedCommand(click.Command):
    """A command whose help lists its options in GROUPS."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options by group; those without a group come at the end of the last one."""
        for group in GROUPS:
            options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
            of_group = [each for each in options if (getattr(each, "group", "") or GROUPS[-1]) == group]
            with formatter.section(group):
                formatter.write_dl([record for each in of_group if (record := each.get_help_record(ctx))])
