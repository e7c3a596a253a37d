"""The server's addresses, and who draws when.

    GET  /                  a page: of the model, or a list of several models
    GET  /v1/models         the models; /v1/models/NAME is one of them
    POST /v1/completions    text, whole or as a stream of events
    POST /v1/predict        answers to lines, or a forecast

Each request's texts are drawn in turns. A turn takes about 0.05 seconds of one of a few threads, then the next request
has its turn. So all requests go on at once, and nobody waits for another one's long text. A new request does not wait
for a thread, so that its first character comes at once. Lines are answered some at a time, in threads of their own.
Between two turns, a request whose client has gone ends.
Whatever fails in one request is told to its own client alone.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, create_task_group, fail_after, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from charrnn.api import Model
from charrnn.errors import CharrnnError
from charrnn.serving.answering import Answering, DrawnPart, answered_parts, drawn_parts
from charrnn.serving.bodies import MOST_BYTES, CompletionRequest, PredictionRequest, read_body
from charrnn.serving.front import front_page
from charrnn.serving.guard import Guard
from charrnn.serving.guarded import Guarded
from charrnn.serving.refusals import RefusedError, as_fields, failure

BODY_SECONDS = 10.0
"""Longest time that a body may take to arrive."""

ADDRESSES = "GET /, GET /v1/models, POST /v1/completions or POST /v1/predict"

SERVER_STOPS = "the server is stopping: send the request again later"

GONE = 499
"""Status of an answer whose client has gone, which nobody sees."""

Result = TypeVar("Result")
Endpoint = Callable[[Request], Awaitable[Response]]


class Serving:
    """The application for some models.

    Args:
        models: by their names; the first one answers requests that name none.
        guard: who may ask.
        drawings: how many requests draw at the same moment.
        page: returns the page of the model of a name.

    Attributes:
        stopping: set it to end all drawings after their current part.
        application: to be run by a server.
    """

    def __init__(self, models: Mapping[str, Model], guard: Guard, drawings: int, page: Callable[[str], str]) -> None:
        self._models, self._guard, self._page = dict(models), guard, page
        self._threads, self._first_turns, self._others = (CapacityLimiter(drawings) for _ in range(3))
        self.stopping = False
        routes = [
            Route("/", contained(self._show)),
            Route("/v1/models", contained(self._list)),
            Route("/v1/models/{name:path}", contained(self._tell)),
            Route("/v1/completions", contained(self._complete), methods=["POST"]),
            Route("/v1/predict", contained(self._predict), methods=["POST"]),
        ]
        self.application = Starlette(
            routes=routes,
            exception_handlers={HTTPException: answer_error},
            middleware=[Middleware(Guarded, guard=guard)],
        )

    async def _show(self, request: Request) -> Response:
        asked = request.query_params.get("model")
        if asked is None and len(self._models) > 1:
            return HTMLResponse(front_page(self._models))
        try:
            name, _ = self._model(asked)
            return HTMLResponse(await self._apart(partial(self._page, name)))
        except (RefusedError, CharrnnError) as error:  # an address that is missing, or a model that has no page
            missing = isinstance(error, RefusedError)
            return HTMLResponse(front_page(self._models, as_fields(str(error))), 404 if missing else 200)

    async def _list(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": list(map(described_model, self._models))})

    async def _tell(self, request: Request) -> Response:
        name, _ = self._model(request.path_params["name"])
        return JSONResponse(described_model(name))

    async def _complete(self, request: Request) -> Response:
        body = await body_of(request)
        name, model = self._model(body.get("model"))
        asked = CompletionRequest.parse(body)
        answering = Answering(name, model, asked)
        parts = self._in_turns(drawn_parts(model, asked, lambda: self.stopping))
        if asked.stream:
            first = await unless_gone(request, anext(parts))  # an error in the request has a status of its own
            return StreamingResponse(_events(answering, first, parts), media_type="text/event-stream")
        drawn = await unless_gone(request, collected(parts))
        return JSONResponse(answering.whole(drawn))

    async def _predict(self, request: Request) -> Response:
        body = await body_of(request)
        name, model = self._model(body.get("model"))
        asked = PredictionRequest.parse(body)
        common = {"object": "prediction", "model": name}
        if asked.horizon or model.config.kind.forecasts:
            forecast = partial(model.forecast, asked.horizon or 1, "\n".join(asked.lines) or None)
            return JSONResponse(common | {"forecast": await self._apart(forecast)})
        data = await unless_gone(request, self._answered(answered_parts(model, asked)))
        return JSONResponse(common | {"data": data})

    async def _answered(self, parts: Iterator[list[dict[str, Any]]]) -> list[dict[str, Any]]:
        data: list[dict[str, Any]] = []
        while part := await self._apart(partial(next, parts, None)):
            data += part
            if self.stopping:
                raise RefusedError(503, SERVER_STOPS)
        return data

    async def _apart(self, work: Callable[[], Result]) -> Result:
        """Do some work in one of the threads that draw nothing, so that a long answer holds up no drawing."""
        result: Result = await to_thread.run_sync(work, limiter=self._others)
        return result

    def _model(self, name: Any) -> tuple[str, Model]:
        """The model of that name, or the first one."""
        if name is None:
            name = next(iter(self._models))
        if not isinstance(name, str) or name not in self._models:
            raise RefusedError(404, f"model must be one of {', '.join(self._models)}, not {str(name)[:100]!r}")
        return name, self._models[name]

    async def _in_turns(self, parts: Iterator[DrawnPart]) -> AsyncGenerator[DrawnPart, None]:
        limiter = self._first_turns
        while turn := await to_thread.run_sync(parts_of_turn, parts, limiter=limiter):
            for part in turn:
                if part.stop_reason == "interrupted":
                    raise RefusedError(503, SERVER_STOPS)
                yield part
            limiter = self._threads


def described_model(name: str) -> dict[str, Any]:
    """A model in the form of OpenAI's API."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "charrnn"}


def parts_of_turn(parts: Iterator[DrawnPart]) -> list[DrawnPart]:
    """Take parts up to the first one that is drawn; a prompt's takes no time."""
    turn: list[DrawnPart] = []
    while not (turn and turn[-1].drawn) and (part := next(parts, None)):
        turn.append(part)
    return turn


async def collected(parts: AsyncGenerator[DrawnPart, None]) -> list[DrawnPart]:
    """Wait for all parts."""
    async with aclosing(parts):
        return [part async for part in parts]


async def unless_gone(request: Request, work: Awaitable[Result]) -> Result:
    """Wait for some work, and cancel it if the client goes.

    Raises:
        ClientDisconnect: the client has gone.
    """
    outcome: list[Result | Exception] = []

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        group.cancel_scope.cancel()

    async with create_task_group() as group:
        group.start_soon(watch)
        try:
            outcome.append(await work)
        except Exception as error:  # the group would wrap it
            outcome.append(error)
        group.cancel_scope.cancel()
    if not outcome:
        raise ClientDisconnect
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


async def _events(answering: Answering, first: DrawnPart, parts: AsyncGenerator[DrawnPart, None]) -> AsyncIterator[str]:
    """The lines of a stream of events, which ends with an error if the drawing fails."""
    async with aclosing(parts):
        try:
            for event in answering.events(first):
                yield _line(event)
            async for part in parts:
                for event in answering.events(part):
                    yield _line(event)
            for event in answering.last_events():
                yield _line(event)
            yield "data: [DONE]\n\n"
        except Exception as error:
            yield _line(failure(error)[1])


def _line(event: Any) -> str:
    return f"data: {json.dumps(event)}\n\n"


async def body_of(request: Request) -> dict[str, Any]:
    """Read a request's JSON object.

    Raises:
        RefusedError: it is too long or does not arrive.
        ConfigError: it is no JSON object.
    """
    data = bytearray()
    try:
        with fail_after(BODY_SECONDS):
            async for piece in request.stream():
                data += piece
                if len(data) > MOST_BYTES:
                    raise RefusedError(413, f"a body must have at most {MOST_BYTES:,} bytes: send less")
    except TimeoutError:
        raise RefusedError(408, "the body has not arrived in time: send it at once") from None
    return read_body(bytes(data))


def contained(endpoint: Endpoint) -> Endpoint:
    """Let an endpoint answer with an error instead of raising it."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=GONE)
        except Exception as error:
            return await answer_error(request, error)

    return answer


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer with an error."""
    headers = None
    if isinstance(error, HTTPException):  # of an address or a method that there is not
        asked, headers = f"{request.method} {request.url.path[:100]}", error.headers
        error = RefusedError(error.status_code, f"the request must be {ADDRESSES}, not {asked}: ask one of these")
    status, content = failure(error)
    return JSONResponse(content, status, headers)
