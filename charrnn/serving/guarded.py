"""The middleware that asks the guard about each request, and refuses in a way that clients can read."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from anyio import move_on_after
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from charrnn.serving.guard import Guard
from charrnn.serving.refusals import RefusedError, failure

DRAINED_BYTES, DRAINED_SECONDS = 64 << 20, 2.0
"""Most of a body that is read only because a client that still sends would not see a refusal."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Body:
    """The messages of a request, of which it is known whether more of its body may come."""

    def __init__(self, receive: Receive) -> None:
        self._receive, self._ended = receive, False

    async def receive(self) -> Message:
        """Wait for the next message."""
        message = await self._receive()
        self._ended = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Read the rest of the body, within limits: a client that still sends would not see the answer."""
        length = 0
        with move_on_after(DRAINED_SECONDS):
            while not self._ended and length < DRAINED_BYTES:
                length += len((await self.receive()).get("body", b""))


class Guarded:
    """Middleware that asks the guard about each request, and gives all answers their common headers."""

    def __init__(self, app: Any, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        request = Request(scope)
        headers = {name.lower(): value for name, value in request.headers.items()}
        preflight = request.method == "OPTIONS"
        common = self._guard.cors(headers.get("origin")) | {"X-Content-Type-Options": "nosniff"}
        body = Body(receive)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] >= 400:
                    await body.drain()
                message["headers"] = [*message["headers"], *((k.encode(), v.encode()) for k, v in common.items())]
            await send(message)

        status, message = self._guard.refusal(headers, preflight=preflight)
        if message:
            _, content = failure(RefusedError(status, message))
            await JSONResponse(content, status)(scope, body.receive, send_with_headers)
        elif preflight:
            await Response(status_code=204)(scope, body.receive, send_with_headers)
        else:
            await self._app(scope, body.receive, send_with_headers)
