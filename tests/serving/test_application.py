"""The application without a socket, where a client can be made to go at a known moment."""

import asyncio
import json
import threading

import pytest
from waiting import LONG

import charrnn
from charrnn.api import Model
from charrnn.sampling.streams import Streams
from charrnn.serving.guard import Guard

pytest.importorskip("starlette", reason="the server is an extra")
application = pytest.importorskip("charrnn.serving.application", reason="the server is an extra")

BODY = {"prompt": "the ", "max_tokens": 1_000_000}


@pytest.fixture(scope="module")
def model(folder):
    return charrnn.load("letters", checkpoints=folder, threads=1)


@pytest.fixture
def serving(model):
    return application.Serving({"letters": model}, Guard(), 2, "the page of {}".format)


@pytest.fixture
def draws(monkeypatch):
    """Every draw of any text."""
    draws, draw = [], Streams.draw
    monkeypatch.setattr(Streams, "draw", lambda *arguments: draws.append(arguments) or draw(*arguments))
    return draws


class Connection:
    """One request. ``gone`` tells the application that the client has gone."""

    def __init__(self, serving, path, body, method="POST"):
        self._body, self._serving, self.gone, self.sent = json.dumps(body).encode(), serving, asyncio.Event(), []
        headers = [(b"host", b"localhost")]
        self._scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": headers}

    async def run(self):
        await self._serving.application(self._scope, self._receive, self._send)
        return self

    async def _receive(self):
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        self.sent.append(message)

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    @property
    def status(self):
        return self.sent[0]["status"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_drawing_ends_when_its_client_goes(serving, draws, stream):
    async def leave():
        connection = Connection(serving, "/v1/completions", BODY | {"stream": stream})
        task = asyncio.create_task(connection.run())
        while len(draws) < 5:
            await asyncio.sleep(0)
        connection.gone.set()
        before = len(draws)
        await task
        return before

    before = asyncio.run(leave())
    assert len(draws) <= before + 2  # the one that was going on, and one that had its turn


@pytest.mark.parametrize("stream", [False, True])
def test_who_goes_before_their_turn_gets_none(serving, draws, stream):
    """Both turns at a time are taken by others."""

    async def leave():
        long = [Connection(serving, "/v1/completions", BODY | {"seed": 1}) for _ in range(2)]
        tasks = [asyncio.create_task(connection.run()) for connection in long]
        while len(draws) < 6:
            await asyncio.sleep(0)
        waiting = [Connection(serving, "/v1/completions", BODY | {"seed": 2, "stream": stream}) for _ in range(20)]
        tasks += [asyncio.create_task(connection.run()) for connection in waiting]
        while len(draws) < 30:
            await asyncio.sleep(0)
        for connection in long + waiting:
            connection.gone.set()
        before = len(draws)
        await asyncio.gather(*tasks)
        return before

    before = asyncio.run(leave())
    assert len(draws) <= before + 4  # two that were going on, and two that had their turn


def test_a_crash_is_told_to_its_own_client_alone(serving, model, monkeypatch, caplog):
    def crash(self, *arguments):
        if len(self.now.last) == 3:
            raise ZeroDivisionError("a secret")
        return draw(self, *arguments)

    draw = Streams.draw
    monkeypatch.setattr(Streams, "draw", crash)

    async def ask():
        bodies = [{"prompt": "the ", "seed": 1, "n": n, "stream": stream} for n in (1, 3) for stream in (False, True)]
        return await asyncio.gather(*(Connection(serving, "/v1/completions", body).run() for body in bodies))

    good, good_stream, bad, bad_stream = asyncio.run(ask())
    assert json.loads(good.text)["choices"][0]["text"] == model.sample("the ", rng_seed=1, length=16)[4:]
    assert good_stream.text.endswith("data: [DONE]\n\n")
    assert bad.status == bad_stream.status == 500
    assert json.loads(bad.text)["error"] == {
        "message": "the server has failed: its log says why",
        "type": "server_error",
        "param": None,
        "code": None,
    }
    assert "a secret" in caplog.text


def test_a_crash_in_the_middle_of_a_stream_is_its_last_event(serving, draws, monkeypatch):
    draw = Streams.draw

    def crash(*arguments):
        if len(draws) == 3:
            raise ZeroDivisionError
        return draw(*arguments)

    monkeypatch.setattr(Streams, "draw", crash)
    connection = asyncio.run(Connection(serving, "/v1/completions", BODY | {"stream": True}).run())
    events = connection.text.removesuffix("\n\n").split("\n\n")
    assert connection.status == 200
    assert json.loads(events[-1].removeprefix("data: "))["error"]["type"] == "server_error"


def test_requests_take_turns(serving, draws):
    """A short text does not wait for a long one, even if a single one may draw at a time."""

    async def ask():
        long = Connection(serving, "/v1/completions", BODY)
        task = asyncio.create_task(long.run())
        while not draws:
            await asyncio.sleep(0)
        short = await Connection(serving, "/v1/completions", BODY | {"max_tokens": 5}).run()
        assert not task.done()
        long.gone.set()
        await task
        return short

    assert json.loads(asyncio.run(ask()).text)["usage"]["completion_tokens"] == 5


@pytest.fixture
def both(folder, model):
    """An application that draws one text at a time, of a model that writes and one that answers."""
    labels = charrnn.load("labels", checkpoints=folder, threads=1)
    return application.Serving({"letters": model, "labels": labels}, Guard(), 1, "the page of {}".format)


LINES = ["the cat" * 150] * 12
"""Each of them is longer than what is answered in one part."""


def test_answers_hold_up_no_drawing(both, monkeypatch):
    waiting, answers = threading.Event(), Model.answers
    monkeypatch.setattr(Model, "answers", lambda *arguments, **how: waiting.wait(LONG) and answers(*arguments, **how))

    async def ask():
        asking = [Connection(both, "/v1/predict", {"model": "labels", "input": "the cat"}) for _ in range(4)]
        tasks = [asyncio.create_task(connection.run()) for connection in asking]
        await asyncio.sleep(0)
        drawn = await Connection(both, "/v1/completions", BODY | {"max_tokens": 5000}).run()
        assert not any(task.done() for task in tasks)
        waiting.set()
        await asyncio.gather(*tasks)
        return drawn, asking

    drawn, asking = asyncio.run(ask())
    assert json.loads(drawn.text)["usage"]["completion_tokens"] == 5000
    assert [connection.status for connection in asking] == [200] * 4


def test_who_has_gone_gets_no_more_answers(both, monkeypatch):
    asked, answers = [], Model.answers

    def noted(model, lines, **how):
        asked.extend(lines)
        return answers(model, lines, **how)

    monkeypatch.setattr(Model, "answers", noted)

    async def leave():
        connection = Connection(both, "/v1/predict", {"model": "labels", "input": LINES})
        task = asyncio.create_task(connection.run())
        while not asked:
            await asyncio.sleep(0)
        connection.gone.set()
        await task

    asyncio.run(leave())
    assert len(asked) < len(LINES)


def test_lines_are_answered_the_same_in_parts_and_together(both, folder):
    lines = [*LINES[:2], "", "the dog", "the cat", *LINES[:1]]
    connection = asyncio.run(Connection(both, "/v1/predict", {"model": "labels", "input": lines}).run())
    data = json.loads(connection.text)["data"]
    assert [(each["index"], each["input"]) for each in data] == list(enumerate(lines))
    found = iter(charrnn.load("labels", checkpoints=folder, threads=1).answers([line for line in lines if line]))
    for line, each in zip(lines, data, strict=True):
        wanted = next(found) if line else []
        assert [answer["text"] for answer in each["answers"]] == [answer.text for answer in wanted]


def test_the_page_is_the_first_models(serving):
    connection = asyncio.run(Connection(serving, "/", {}, "GET").run())
    assert (connection.status, connection.text) == (200, "the page of letters")
