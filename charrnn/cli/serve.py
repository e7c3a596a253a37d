"""``charrnn serve``: models for other programs over HTTP, and their page."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.options import declared, option
from charrnn.cli.shared.output import announce_compilation, say
from charrnn.cli.shared.signals import signals
from charrnn.errors import ConfigError, RunError
from charrnn.training.run_options import RUN_OPTIONS

if TYPE_CHECKING:
    from charrnn.api import Model


@click.command("serve")
@click.argument("targets", metavar="[RUN|FILE]...", nargs=-1)
@option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 lets other machines in.")
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 for a free one.",
)
@option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="Let pages of this origin ask, such as https://example.org; may be repeated.",
)
@option(
    "--api-key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Answer only requests with the key in FILE: Authorization: Bearer KEY.",
)
@options.precision
@declared(RUN_OPTIONS["threads"], type=options.THREADS, help="Number of texts that are drawn at the same moment.")
@options.checkpoints
def command(
    targets: tuple[str, ...],
    host: str,
    port: int,
    origins: tuple[str, ...],
    api_key_file: Path | None,
    precision: str | None,
    threads: int | None,
    checkpoints: Path,
) -> None:
    """Serve the models of RUNs, or of checkpoint FILEs, over HTTP; without any, that of the newest run.

    Only programs on this machine can ask, unless --host says otherwise.

    POST /v1/completions draws text as OpenAI's completions API does, POST /v1/predict answers lines, GET /v1/models
    lists the models, and / is a page for people. Ctrl-C ends the server.
    """
    try:
        from charrnn.serving.guard import Guard, is_loopback
        from charrnn.serving.server import ModelServer
    except ImportError:
        raise ConfigError(
            "charrnn serve needs Starlette and Uvicorn: install them with pip install 'charrnn-cpu[serve]'"
        ) from None
    from charrnn.pages import html
    from charrnn.workers import available_threads

    guard = Guard(host, origins, read_key(api_key_file) if api_key_file else "")
    announce_compilation()
    threads = threads or available_threads()
    models, paths = load_models(targets, checkpoints, precision, threads)

    @cache
    def page(name: str) -> str:
        return html(models[name], path=paths[name])

    server = ModelServer(models, guard, port, threads, page)
    signals.keep(server.stop)
    say(f"serving {', '.join(models)} at {server.url}; Ctrl-C ends")
    if not is_loopback(host) and not guard.key:
        say("note:  anybody who can reach this machine can ask; --api-key-file lets only those with a key")
    server.run()
    raise click.exceptions.Exit(128 + number if (number := signals.let_go()) else 0)


def load_models(
    targets: tuple[str, ...], checkpoints: Path, precision: str | None, threads: int
) -> "tuple[dict[str, Model], dict[str, Path]]":
    """Load the models, each under the name of its run or file; returns them, and the files.

    Raises:
        RunError: there is no such run, or two of them have the same name.
    """
    from charrnn.api import Model
    from charrnn.kinds.header import config_of
    from charrnn.storage.checkpoint import load_header
    from charrnn.storage.run import Run, find_checkpoint

    models: dict[str, Model] = {}
    paths: dict[str, Path] = {}
    for target in targets or (None,):
        path = find_checkpoint(target, checkpoints, mixed=None)
        name = Run.name_of(path)
        if name in models:
            raise RunError(f"two models are called {name}: copy one of their files to another name, or leave one out")
        own = precision
        if precision not in (None, *(kind := config_of(load_header(path)).kind).precisions):
            say(f"note:  {name} keeps its precision: such models compute in {' or '.join(kind.precisions)}")
            own = None
        models[name], paths[name] = Model.load(path, threads=threads, precision=own), path
    return models, paths


def read_key(path: Path) -> str:
    """Read the key that requests must bring, without spaces around it.

    Raises:
        ConfigError: the file cannot be read, or holds no key.
    """
    try:
        key = path.read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the key in {path}: {error}; give a file with one line of ASCII") from None
    if not key or "\n" in key:
        raise ConfigError(f"the key must be one line, not that of {path}: write one into it")
    return key
