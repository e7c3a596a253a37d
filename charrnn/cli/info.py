"""``charrnn info``: show a checkpoint's options, sizes and metrics."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.shared import options
from charrnn.cli.shared.output import duration, number, print_json, say, table, terminal_width
from charrnn.display import pasteable, size, visible, width_of

if TYPE_CHECKING:
    from charrnn.cli.shared.overview import Overview

MOST_SHOWN = 400
"""Most characters of a vocabulary that are listed."""

INDENT = 2


@click.command("info")
@options.target
@options.checkpoints
@options.as_json
def command(target: str | None, checkpoints: Path, as_json: bool) -> None:
    """Show a checkpoint's options, sizes and metrics: those of RUN, of FILE, or of the newest run."""
    from charrnn.cli.shared.overview import Overview
    from charrnn.storage.run import Run, find_checkpoint

    path = find_checkpoint(target, checkpoints)
    overview = Overview.read(path)
    if as_json:
        print_json(_as_json(path, overview))
        return
    for title, lines in _sections(path, overview).items():
        say(title, err=False)
        for line in lines:
            say(" " * INDENT + line, err=False)
    if (mixture := Run(path.parent).mixture).is_file() and mixture.name != path.name:
        say(f"with counts of the text: {mixture}; charrnn info shows it, too", err=False)


def _as_json(path: Path, overview: "Overview") -> dict[str, Any]:
    tensors = {name: {"shape": shape, "dtype": dtype} for name, (shape, dtype) in overview.tensors.items()}
    return {"checkpoint": str(path), **vars(overview), "tensors": tensors}


def _sections(path: Path, overview: "Overview") -> dict[str, Iterable[str]]:
    from charrnn.kinds.config import config_from

    progress, corpus = overview.progress, overview.corpus
    symbols, unit, documents = (overview.vocabulary[name] for name in ("symbols", "unit", "documents"))
    characters = symbols[:-1] if documents else symbols
    kind = config_from(overview.config).kind
    ends = f" and the end of documents, --documents {pasteable([documents])}" if documents and not kind.reading else ""
    vocabulary = f"vocabulary of {len(characters)} {unit}s{ends}"
    return {
        f"{path} ({size(path.stat().st_size)})": [],
        "model": _pairs({**_short(overview.config), "parameters": f"{overview.parameters:,}"}),
        **({} if kind.forecasts else {vocabulary: _symbols(characters, terminal_width(sys.stdout) - INDENT)}),
        "progress": _pairs(
            {
                "steps": number(progress["steps"], ",d"),
                "epochs": number(progress["epochs"], ",.2f"),
                "time": "-" if progress["seconds"] is None else duration(progress["seconds"]),
                **{name: number(value) for name, value in progress.items() if name.startswith("best_val_")},
            }
        ),
        "settings": _pairs(overview.settings),
        "text": _pairs({**corpus, "sources": ", ".join(map(str, corpus.get("sources", ["unknown"])))}),
        "tensors": table(
            [(name, " x ".join(map(str, shape)), dtype) for name, (shape, dtype) in overview.tensors.items()]
        ),
    }


def _short(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config whose members are titles."""
    from charrnn.kinds.config import config_from

    titles = [config_from(member).title for member in config.get("members", ())]
    return {**config, "members": " + ".join(titles)} if titles else dict(config)


def _symbols(characters: str, width: int) -> Iterator[str]:
    """Yield the first characters of a vocabulary, in lines of ``width`` columns."""
    line = ""
    for piece in visible(characters[:MOST_SHOWN]):
        shown = "\\\\" if piece == "\\" else piece
        if line and width_of(line + shown) > width:
            yield line
            line = ""
        line += shown
    yield line
    if len(characters) > MOST_SHOWN:
        yield f"... and {len(characters) - MOST_SHOWN:,} more, all of which --json lists"


def _pairs(values: Mapping[str, Any]) -> Iterable[str]:
    return table([(name, str(value)) for name, value in values.items()], left=2)
