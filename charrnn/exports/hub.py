"""A folder for a model hub: the model, and a README that says what it is and how to use it.

The README begins with the YAML header that hubs read. It tells nothing of where the text lies on this machine.
"""

import json
import shlex
from collections.abc import Iterator
from functools import partial
from html import escape
from typing import Any

from charrnn import __version__
from charrnn.api import Model
from charrnn.exports.contract import Exported, Target
from charrnn.markup import curves_svg
from charrnn.pages.story import story_of
from charrnn.storage.checkpoint import file_bytes, weights_only
from charrnn.storage.trained_on import data_parts_of
from charrnn.workers import Workers

ABOUT = "a folder for a model hub, with a README that has figures and a sample"

SHOWN_SEED, SHOWN_TEMPERATURE, SHOWN_LENGTH = 1, 0.7, 400
"""How the samples are drawn; ``SHOWN_LENGTH`` is in characters."""

SHOWN_TEXTS = 8
"""Texts that are shown of a model of documents, and labels of a model that writes for a label."""

SHOWN_PREVIEWS = 3
"""Previews that are shown of a model that answers; each is of a few lines."""


def files(exported: Exported) -> dict[str, bytes]:
    """The model, its README, and its curves if its run has metrics."""
    story = story_of(exported.model, exported.path)
    points = story["curves"]["points"]
    made = {"model.safetensors": file_bytes(weights_only(exported.checkpoint))}
    if points:
        curves = {part: [point[part] for point in points] for part in ("train", "val")}
        svg = curves_svg(story["curves"]["title"], [point["step"] for point in points], curves)
        made["training.svg"] = svg.encode()
    lines = [*_header(exported), "", f"# {_plain(story['name'])}", "", *_body(exported, story)]
    return {**made, "README.md": ("\n".join(lines) + "\n").encode()}


def _header(exported: Exported) -> Iterator[str]:
    kind = exported.config.kind
    yield "---"
    yield "library_name: charrnn"
    yield f"pipeline_tag: {kind.hub_task}"
    yield "tags:"
    reads = () if kind.forecasts else ("character-level",)
    tags = ("charrnn", *reads, "recurrent-neural-network", getattr(exported.config, "cell", ""), exported.config.task)
    for tag in filter(None, tags):
        yield f"- {json.dumps(tag)}"
    yield "---"


def _body(exported: Exported, story: dict[str, Any]) -> Iterator[str]:
    kind = exported.config.kind
    what = "model that forecasts a series of numbers" if kind.forecasts else "character-level model"
    yield f"A {what}: {_plain(story['title'])}. Made with `charrnn-cpu` {__version__}."
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, value in story["facts"]:
        yield f"| {_plain(name)} | {_plain(value)} |"
    if story["curves"]["points"]:
        yield ""
        yield f"![{_plain(story['curves']['title'])} while it was trained](training.svg)"
    yield ""
    yield "## Use it"
    yield ""
    yield "```sh"
    yield "pip install charrnn-cpu"
    yield f"charrnn {'predict' if kind.answers else 'sample'} model.safetensors"
    yield "```"
    yield ""
    yield "The file holds arrays and a JSON header, and no code."
    yield ""
    yield from _previews(exported) if kind.answers else _samples(exported.model)
    yield "## Settings"
    yield ""
    yield "| option | value |"
    yield "|---|---|"
    for name, value in story["settings"]:
        yield f"| `{_plain(name)}` | {_plain(value)} |"


def _samples(model: Model) -> Iterator[str]:
    """Texts that the model draws, and the command that draws the same."""
    kind, labels = model.config.kind, [""]
    how: dict[str, Any] = {"rng_seed": SHOWN_SEED, "temperature": SHOWN_TEMPERATURE, "length": SHOWN_LENGTH}
    count = SHOWN_TEXTS if model.vocabulary.documents and not kind.labelled else 1
    if kind.labelled:
        config: Any = model.config
        counted = zip(config.labels, config.label_counts, strict=True)
        labels = [label for label, _ in sorted(counted, key=lambda pair: -pair[1])[:SHOWN_TEXTS]]
    yield "## Samples" if count > 1 or kind.labelled else "## A sample"
    yield ""
    for label in labels:
        writer = model.given(label) if kind.labelled else model
        command = "charrnn sample model.safetensors" + f" --given {shlex.quote(label)}" * kind.labelled
        command += "".join(f" --{name.replace('_', '-')} {value}" for name, value in how.items())
        yield f"Drawn with {_code(command + f' --num-samples {count}' * (count > 1))}:"
        yield ""
        yield from _fenced("\n".join(sample.text for sample in writer.samples(num_samples=count, **how)))


def _previews(exported: Exported) -> Iterator[str]:
    """Answers of the model to lines that its run has not learned, if the run's text is still there."""
    part = next((part for part in reversed(data_parts_of(exported.path) or ()) if len(part)), None)
    if part is None:
        return
    config = exported.config.trainable()
    network = config.kind.load(config, exported.checkpoint.tensors, Workers(1))
    preview = partial(config.kind.preview, network, exported.vocabulary, part, SHOWN_SEED)
    lines = dict.fromkeys(line for step in range(SHOWN_PREVIEWS) for line in preview(step).splitlines())
    yield "## A sample"
    yield ""
    yield "Answers to some lines of the text that it was validated with:"
    yield ""
    yield from _fenced("\n".join(lines))


def _fenced(text: str) -> Iterator[str]:
    """A text as it is."""
    fence = "`" * max(4, 1 + _longest_run(text, "`"))
    yield from (fence, text, fence, "")


def _code(text: str) -> str:
    """A text of one line as code in a sentence."""
    fence = "`" * (1 + _longest_run(text, "`"))
    return f"{fence} {text} {fence}" if len(fence) > 1 else f"{fence}{text}{fence}"


def _plain(value: str) -> str:
    """A text that neither Markdown nor HTML reads as more than text."""
    return escape(" ".join(str(value).split())).replace("|", "&#124;").replace("`", "&#96;").replace("[", "&#91;")


def _longest_run(text: str, character: str) -> int:
    """Length of the longest run of one character."""
    longest = run = 0
    for each in text:
        run = run + 1 if each == character else 0
        longest = max(longest, run)
    return longest


TARGET = Target(files, folder=True)
