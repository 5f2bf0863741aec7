"""``subtitler completion SHELL``: the script that lets a shell complete commands and flags."""

from __future__ import annotations

import click
from click.shell_completion import ShellComplete, get_completion_class

from subtitler.cli.options import examples
from subtitler.console import Console


@click.command(
    "completion",
    epilog=examples(
        'eval "$(subtitler completion bash)"',
        "subtitler completion fish > ~/.config/fish/completions/subtitler.fish",
    ),
)
@click.argument("shell", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the completion script for SHELL: bash, zsh or fish."""
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"no completion for {shell}")
    completion = found(context.find_root().command, {}, "subtitler", "_SUBTITLER_COMPLETE")
    # not the class's own source(): bash's asks the bash that is installed here for its version
    Console().print_text(ShellComplete.source(completion))
    return 0
