"""The JSON bodies of requests, checked field by field."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from charrnn.arguments import check_number, check_whole, shown
from charrnn.errors import ConfigError

MOST_BYTES = 1 << 20
"""Longest body."""

MOST_PROMPT = 20_000
"""Most characters of all prompts of a request, and of all lines to answer."""

MOST_CHOICES = 64
"""Most texts of a request: its prompts, each ``n`` times."""

MOST_DRAWN = 1_000_000
"""Most characters of all texts of a request together."""

MOST_STOPS = 16
"""Most stop texts."""

MOST_TOP = 100
"""Most alternatives to each character."""

MOST_ASKED = 100
"""Most lines to answer."""

DEFAULT_LENGTH = 16
"""Characters drawn if ``max_tokens`` is not given, as in OpenAI's API."""

NEUTRAL: Mapping[str, tuple[Any, ...]] = {
    "suffix": (None, ""),
    "presence_penalty": (None, 0),
    "frequency_penalty": (None, 0),
    "logit_bias": (None, {}),
    "best_of": (None, 1),
}
"""Fields that the models do not have, and the values that change nothing. Other unknown fields are ignored."""


def read_body(data: bytes) -> dict[str, Any]:
    """Parse a body, which must be a JSON object.

    Raises:
        ConfigError: it is not.
    """
    try:
        body = json.loads(data, parse_constant=_refuse)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ConfigError("the body must be a JSON object, not something else: send one, such as {}")
    return body


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


@dataclass(frozen=True)
class CompletionRequest:
    """A request for text.

    Attributes:
        prompts: the texts to continue.
        n: how many texts for each prompt.
        seed: of the random generator; None for a random one.
        settings: fields of ``charrnn.sampling.settings.SamplingSettings``.
        stream: whether the texts are sent while they are drawn.
        usage: whether the last event of a stream tells the numbers of characters.
        top: how many alternatives to report with each character; None for no probabilities.
        echo: whether the texts begin with their prompts.
        unknown: what to do about characters that the model does not know: "error", "skip" or "replace".
        given: the label to write for; None for models without labels, or to draw one.
    """

    prompts: tuple[str, ...]
    n: int
    seed: int | None
    settings: Mapping[str, Any]
    stream: bool
    usage: bool
    top: int | None
    echo: bool
    unknown: str
    given: str | None

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "CompletionRequest":
        """Check a body and read its fields; those that are null have their defaults.

        Raises:
            ConfigError: a field has a wrong value or is beyond a limit.
        """
        values = {name: value for name, value in body.items() if value is not None}
        for name, neutral in NEUTRAL.items():
            if body.get(name) not in neutral:
                raise ConfigError(f"{name} must be left out, not {_short(body[name])}")
        prompts = _texts("prompt", values.get("prompt", ""), MOST_CHOICES)
        n = check_whole("n", values.get("n", 1), 1, MOST_CHOICES)
        length = check_whole("max_tokens", values.get("max_tokens", DEFAULT_LENGTH), 0, MOST_DRAWN)
        if n * len(prompts) > MOST_CHOICES:
            raise ConfigError(f"a request must be for at most {MOST_CHOICES} texts, not {n * len(prompts)}")
        if n * len(prompts) * length > MOST_DRAWN:
            drawn = n * len(prompts) * length
            raise ConfigError(f"a request must be for at most {MOST_DRAWN:,} characters, not {drawn:,}")
        settings: dict[str, Any] = {"length": length, "stop": _texts("stop", values.get("stop", ()), MOST_STOPS)}
        for name in ("temperature", "top_p", "min_p"):
            if name in values:
                settings[name] = check_number(name, values[name])
        if "top_k" in values:
            settings["top_k"] = max(0, check_whole("top_k", values["top_k"], -1))  # some clients send -1 for all
        options = values.get("stream_options", {})
        return cls(
            prompts=prompts,
            n=n,
            seed=check_whole("seed", values["seed"]) if "seed" in values else None,
            settings=settings,
            stream=_flag("stream", values.get("stream", False)),
            usage=isinstance(options, dict) and options.get("include_usage") is True,
            top=check_whole("logprobs", values["logprobs"], 0, MOST_TOP) if "logprobs" in values else None,
            echo=_flag("echo", values.get("echo", False)),
            unknown=_text("unknown", values.get("unknown", "replace")),
            given=_text("given", values["given"]) if "given" in values else None,
        )


@dataclass(frozen=True)
class PredictionRequest:
    """A request for answers.

    Attributes:
        lines: what to answer.
        top: how many answers to each.
        horizon: how many numbers to forecast; 0 for a model that answers lines.
        unknown: as in ``CompletionRequest``.
    """

    lines: tuple[str, ...]
    top: int
    horizon: int
    unknown: str

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> "PredictionRequest":
        """Check a body and read its fields; those that are null have their defaults.

        Raises:
            ConfigError: a field has a wrong value or is beyond a limit.
        """
        values = {name: value for name, value in body.items() if value is not None}
        return cls(
            lines=_texts("input", values.get("input", ()), MOST_ASKED),
            top=check_whole("top", values.get("top", 1), 1, MOST_TOP),
            horizon=check_whole("horizon", values.get("horizon", 0), 0, MOST_PROMPT),
            unknown=_text("unknown", values.get("unknown", "replace")),
        )


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be a text, not {_short(value)}")
    return value


def _texts(name: str, value: Any, most: int) -> tuple[str, ...]:
    texts = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, Sequence) else (value,)
    if not all(isinstance(text, str) for text in texts):
        raise ConfigError(f"{name} must be a text or a list of texts, not {_short(value)}")
    if len(texts) > most:
        raise ConfigError(f"{name} must be at most {most} texts, not {len(texts)}")
    if (length := sum(map(len, texts))) > MOST_PROMPT:
        raise ConfigError(f"{name} must have at most {MOST_PROMPT:,} characters in all, not {length:,}")
    return texts


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"{name} must be true or false, not {_short(value)}")
    return value


def _short(value: Any) -> str:
    """Format a value for an error message, in a few words."""
    most = 50
    text = shown(value)
    return text if len(text) <= most else f"{text[:most]}…"
