"""A folder for a model hub: the model, and a README that says what it is and how to use it.

The README begins with the YAML header that hubs read. It tells nothing of where the text lies on this machine.
"""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from charrnn import __version__
from charrnn.exports.contract import Exported, Target
from charrnn.markup import curves_svg
from charrnn.pages.story import story_of
from charrnn.storage.checkpoint import file_bytes, weights_only

ABOUT = "a folder for a model hub, with a README that has figures and a sample"

SHOWN_SAMPLE: dict[str, Any] = {"rng_seed": 1, "length": 400, "temperature": 0.7}


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
    answers = exported.config.kind.answers or exported.config.kind.forecasts
    yield "---"
    yield "library_name: charrnn"
    yield f"pipeline_tag: {'text-classification' if answers else 'text-generation'}"
    yield "tags:"
    tags = ("charrnn", "character-level", "recurrent-neural-network", getattr(exported.config, "cell", ""))
    for tag in filter(None, (*tags, exported.config.task)):
        yield f"- {json.dumps(tag)}"
    yield "---"


def _body(exported: Exported, story: dict[str, Any]) -> Iterator[str]:
    yield f"A character-level model: {_plain(story['title'])}. Made with `charrnn-cpu` {__version__}."
    yield ""
    yield "| | |"
    yield "|---|---|"
    for name, value in story["facts"]:
        yield f"| {_plain(name)} | {_plain(value)} |"
    if story["curves"]["points"]:
        yield ""
        yield f"![{_plain(story['curves']['title'])} while it was trained](training.svg)"
    use = "predict" if exported.config.kind.answers or exported.config.kind.forecasts else "sample"
    yield ""
    yield "## Use it"
    yield ""
    yield "```sh"
    yield "pip install charrnn-cpu"
    yield f"charrnn {use} model.safetensors"
    yield "```"
    yield ""
    yield "The file holds arrays and a JSON header, and no code."
    if use == "sample":
        [sample] = exported.model.samples(**SHOWN_SAMPLE)
        yield ""
        yield "## A sample"
        yield ""
        yield f"Drawn with `charrnn sample model.safetensors --rng-seed {SHOWN_SAMPLE['rng_seed']} --temperature "
        yield f"{SHOWN_SAMPLE['temperature']} --length {SHOWN_SAMPLE['length']}`:"
        yield ""
        fence = "`" * max(4, 1 + _longest_run(sample.text, "`"))
        yield fence
        yield sample.text
        yield fence
    yield ""
    yield "## Settings"
    yield ""
    yield "| option | value |"
    yield "|---|---|"
    for name, value in story["settings"]:
        yield f"| `{_plain(name)}` | {_plain(value)} |"


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
