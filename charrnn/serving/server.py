"""The server process: its socket, its requests, its end."""

import contextlib
import ipaddress
import socket
from collections.abc import Callable, Mapping

import uvicorn

from charrnn.api import Model
from charrnn.errors import RunError
from charrnn.sampling.settings import SamplingSettings
from charrnn.serving.application import Serving
from charrnn.serving.guard import Guard
from charrnn.storage.atomic import reason

MOST_CONNECTIONS = 512
"""More at the same moment get status 503."""

GRACE = 2
"""Seconds that answers get to end after the server was asked to stop."""


REMEMBERED = 1 << 25
"""Bytes for prompts that each model remembers: some hundred of 8,000 characters, with the states of 512 units."""


class ModelServer:
    """Serves models until it is stopped.

    Args:
        models: by their names; the first one answers requests that name none.
        guard: who may ask; it also names the address to listen on.
        port: the port; 0 for any free one.
        drawings: how many requests draw at the same moment.
        page: returns the page of the model of a name.

    Attributes:
        url: where it listens.

    Raises:
        RunError: it cannot listen on that address.
    """

    def __init__(
        self, models: Mapping[str, Model], guard: Guard, port: int, drawings: int, page: Callable[[str], str]
    ) -> None:
        for model in models.values():
            warm_up(model)
            model.remember(REMEMBERED)
        self._serving = Serving(models, guard, drawings, page)
        self._socket = listening(guard.host, port)
        config = uvicorn.Config(
            self._serving.application,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = uvicorn.Server(config)
        self._server.capture_signals = contextlib.nullcontext  # the caller has handlers of its own
        host = f"[{guard.host}]" if ":" in guard.host else guard.host
        self.url = f"http://{host}:{self._socket.getsockname()[1]}/"

    def run(self) -> None:
        """Serve until ``stop``."""
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def stop(self) -> None:
        """Ask the server to stop: it takes no new requests and ends the drawings. A signal handler may call this."""
        self._serving.stopping = True
        self._server.should_exit = True


def listening(host: str, port: int) -> socket.socket:
    """Open a socket that listens on an address.

    Raises:
        RunError: it cannot.
    """
    try:
        is_new = ":" in host and bool(ipaddress.IPv6Address(host))
        return socket.create_server((host, port), family=socket.AF_INET6 if is_new else socket.AF_INET, backlog=512)
    except (OSError, ValueError, OverflowError) as error:
        raise RunError(
            f"cannot listen on {host}, port {port}: {reason(error)}; choose another --host or --port"
        ) from None


def warm_up(model: Model) -> None:
    """Compile what the first request needs, so that it need not wait.

    Raises:
        ConfigError: the model neither writes nor answers.
    """
    kind = model.config.kind
    if kind.forecasts:
        return
    if kind.answers:
        letters = (character for character in model.vocabulary.characters if character != "\t")
        model.answers([next(letters)])  # a tab separates what is asked from features
        return
    first = SamplingSettings(length=1)
    for _ in model.batch().steps(first, top=1):
        pass
