"""``charrnn gradients``: show how far the gradient reaches, before training and after."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from charrnn.cli.gradients.drawing import Panel, Series, as_png, as_svg
from charrnn.cli.shared import options
from charrnn.cli.shared.files import write_file
from charrnn.cli.shared.options import option
from charrnn.cli.shared.output import announce_compilation, print_json, say, table

if TYPE_CHECKING:
    from charrnn.models.language.reach import Reach


@click.command("gradients")
@click.argument("target", metavar="RUN|FILE")
@click.argument("sources", metavar="TEXT...", nargs=-1, required=True)
@option("--svg", type=click.Path(path_type=Path), metavar="FILE", help="Draw the norms and the eigenvalues.")
@option("--png", type=click.Path(path_type=Path), metavar="FILE", help="The same as PNG; needs matplotlib.")
@option("--overwrite", is_flag=True, help="Replace the FILE of --svg or --png if it exists.")
@options.unknown("What to do with characters that the model has never seen.")
@options.encoding
@options.checkpoints
@options.threads
@options.as_json
def command(
    *,
    target: str,
    sources: tuple[str, ...],
    svg: Path | None,
    png: Path | None,
    overwrite: bool,
    unknown: str,
    encoding: str | None,
    checkpoints: Path,
    threads: int | None,
    as_json: bool,
) -> None:
    """Show how far the gradient reaches back in a text, before training and after.

    For each lag, show the norm of d loss[t] / d h[t - lag], averaged over places in the text. It tells how much a
    change of the state, lag characters earlier, still matters to a prediction. All other states at t - lag are held
    fixed: those of other layers and, in an LSTM, the cell state. A second column shows the norm for the cell state.

    The columns "initial" are for the random weights that the run's --rng-seed gives, even if the run began with
    --init-from and so with other weights.

    A model of documents reads the text as documents: the gradient stops where one ends.

    Then show, for each layer and gate, the largest absolute eigenvalue of its recurrent matrix. Gates are numbered in
    the checkpoint's order: in an LSTM 0 is the input gate, 1 forget, 2 cell, 3 output.
    """
    from charrnn.storage.run import find_checkpoint

    path = find_checkpoint(target, checkpoints)
    announce_compilation()
    import numpy as np

    from charrnn.kinds.header import model_of
    from charrnn.scoring.pieces import as_read
    from charrnn.storage.checkpoint import load_checkpoint
    from charrnn.text.sources import ENCODING, read_pieces
    from charrnn.text.symbols import without_additions
    from charrnn.workers import Workers, available_threads

    checkpoint = load_checkpoint(path)
    config, vocabulary = model_of(checkpoint.header, checkpoint.tensors)
    config, kind = config.trainable(), config.kind
    kind.check_reach()
    pieces = read_pieces(sources, encoding=encoding or ENCODING, as_bytes=vocabulary.unit == "byte")
    ids = np.concatenate([block.ids for block in as_read(vocabulary, without_additions(pieces, vocabulary), unknown)])
    workers = Workers(threads or available_threads())
    models = {
        "initial": kind.parameters(config).initialise(checkpoint.header["settings"]["rng_seed"]),
        "trained": kind.parameters(config).load_tensors(checkpoint.tensors),
    }
    found = {when: kind.reach(parameters, ids, workers) for when, parameters in models.items()}
    if svg:
        write_file([as_svg(panels(found))], svg, overwrite=overwrite, option="--svg")
    if png:
        write_file([as_png(panels(found))], png, overwrite=overwrite, option="--png")
    if as_json:
        print_json({"checkpoint": str(path), **{when: _as_json(reach) for when, reach in found.items()}})
        return
    for line in (*norms_table(found), "", *eigenvalues_table(found)):
        say(line, err=False)


def norms_table(found: Mapping[str, "Reach"]) -> Iterable[str]:
    """Format a row for each lag: for each state and layer, the norm before and after training."""
    columns = {
        f"d{state} {when}{_of_layer(layer, norms)}": norms[:, layer] for state, layer, when, norms in _norms(found)
    }
    lags = next(iter(found.values())).lags
    rows = [[str(lag), *(f"{values[row]:.2e}" for values in columns.values())] for row, lag in enumerate(lags)]
    return table([["lag", *columns], *rows], left=0)


def eigenvalues_table(found: Mapping[str, "Reach"]) -> Iterable[str]:
    """Format a row for each layer and gate: the largest absolute eigenvalue before and after training."""
    rows = [["layer", "gate", *(f"|eigenvalue| {when}" for when in found)]]
    layers = next(iter(found.values())).eigenvalues
    for layer, gates in enumerate(layers):
        for gate in range(len(gates)):
            largest = (abs(reach.eigenvalues[layer][gate][0]) for reach in found.values())
            rows.append([str(layer), str(gate), *(f"{value:.3f}" for value in largest)])
    return table(rows, left=0)


def panels(found: Mapping[str, "Reach"]) -> list[Panel]:
    """Build the plots: the norms over the lag, and the eigenvalues with the unit circle."""
    curves = [
        Series(f"d{state} {when}{_of_layer(layer, norms)}", list(zip(found[when].lags, norms[:, layer], strict=True)))
        for state, layer, when, norms in _norms(found)
    ]
    clouds = [
        Series(
            when, [(value.real, value.imag) for gates in reach.eigenvalues for gate in gates for value in gate], False
        )
        for when, reach in found.items()
    ]
    return [
        Panel("norm of the gradient, by lag", curves, logarithmic=True),
        Panel("eigenvalues of the recurrent matrix", clouds, circle=True),
    ]


def _norms(found: Mapping[str, "Reach"]) -> Iterator[tuple[str, int, str, Any]]:
    """Yield state, layer, "initial" or "trained", and the norms over lags."""
    for state, of_state in next(iter(found.values())).norms.items():
        for layer in range(of_state.shape[1]):
            for when, reach in found.items():
                yield state, layer, when, reach.norms[state]


def _of_layer(layer: int, norms: Any) -> str:
    return f" l{layer}" if norms.shape[1] > 1 else ""


def _as_json(reach: "Reach") -> dict[str, Any]:
    return {
        "lags": reach.lags,
        "norms": {state: norms.T.tolist() for state, norms in reach.norms.items()},
        "eigenvalues": [
            [[[value.real, value.imag] for value in gate] for gate in gates] for gates in reach.eigenvalues
        ],
    }
