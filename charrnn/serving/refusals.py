"""Refusals and failures as answers: their status, and their message in the words of HTTP."""

import logging
import re
from typing import Any

from charrnn.errors import CharrnnError

logger = logging.getLogger("charrnn.serving")

COMMANDS = {
    "charrnn sample": "POST /v1/completions",
    "charrnn predict": "POST /v1/predict",
    "charrnn eval": "POST /v1/completions with echo and logprobs",
}
"""Addresses in place of the commands that messages advise."""


class RefusedError(Exception):
    """A request that is answered with an error's status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def failure(error: Exception) -> tuple[int, dict[str, Any]]:
    """The status and the JSON of an error, in OpenAI's form; one of our own is logged with its traceback."""
    status, message = 500, "the server has failed: its log says why"
    if isinstance(error, RefusedError):
        status, message = error.status, str(error)
    elif isinstance(error, CharrnnError):
        status, message = 400, as_fields(str(error))
    else:
        logger.error("a request has failed", exc_info=error)
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return status, {"error": {"message": message, "type": kind, "param": None, "code": None}}


def as_fields(message: str) -> str:
    """A message that advises an option or a command, as advice to those who send requests."""
    for command, address in COMMANDS.items():
        message = message.replace(command, address)
    return re.sub(r"(?<![\w-])--([a-z][a-z-]*)", lambda option: f'"{option[1].replace("-", "_")}"', message)
