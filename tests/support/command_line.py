"""Reads a command as the command line would, without running it."""

import click


def parse(command: click.Command, arguments: list[str], parent: click.Context | None = None) -> click.Context:
    """The context of the innermost command.

    Raises:
        click.UsageError: there is no such command or option, or a value is wrong.
    """
    context = command.make_context(command.name, list(arguments), parent=parent)
    if not isinstance(command, click.Group):
        return context
    _, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
    return parse(inner, rest, context)
