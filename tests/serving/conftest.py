"""A real server in a process of its own, and a client of the standard library."""

import http.client
import json
import re
import subprocess
import sys

import pytest
from labelled import labelled, write_tsv
from waiting import LONG

import charrnn
from charrnn.mixing import mix_runs

TEXT = "the cat sat on the mat. the dog sat on the log.\n" * 100


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Runs: "letters" of characters, "bytes" of bytes, "lines" of documents, "labels" that labels lines."""
    folder = tmp_path_factory.mktemp("served")
    small = {"hidden_size": 8, "batch_size": 8, "threads": 1, "steps": 40, "preview": False}
    for name, text, options in (
        ("bytes", "ünïcödé ☃\n" * 300, {"as_bytes": True}),
        ("lines", TEXT, {"documents": "line"}),
        ("labels", "the cat\tcat\nthe dog\tdog\n" * 40, {"task": "label"}),
        ("letters", TEXT, {}),
    ):
        (folder / f"{name}.txt").write_text(text, "utf-8")
        for _ in charrnn.train(folder / f"{name}.txt", checkpoints=folder / "runs", **small, **options):
            pass
    return folder / "runs"


@pytest.fixture(scope="session")
def others(folder):
    """The folder with further runs: pairs, pairs with features, counts, a series, and mixtures of each kind."""
    pairs = [(word, " ".join(word.upper())) for word, _ in labelled(600)]
    write_tsv(folder / "rows", pairs)
    write_tsv(folder / "inflected", [(*pair, "PL") for pair in pairs])
    (folder / "numbers").write_text("y\n" + "1\n3\n2\n4\n" * 60)
    small, to_pair = {"hidden_size": 8, "batch_size": 8, "steps": 10}, {"task": "pairs", "symbols": "space"}
    for name, source, options in (
        ("pairs", "rows", {**small, **to_pair}),
        ("pair-features", "inflected", {**small, **to_pair}),
        ("pair-counts", "rows", {**to_pair, "model": "ngram"}),
        ("label-counts", "../labels.txt", {"task": "label", "model": "ngram"}),
        ("counts", "../letters.txt", {"model": "ngram"}),
        ("series", "numbers", {**small, "task": "series"}),
    ):
        for _ in charrnn.train(folder / source, name=name, checkpoints=folder, threads=1, preview=False, **options):
            pass
    for name, members in (
        ("pair-mixture", ("pairs", "pair-counts")),
        ("label-mixture", ("labels", "label-counts")),
        ("mixture", ("letters", "counts")),
    ):
        mix_runs(members, name, checkpoints=folder, counts=False)
    return folder


class Client:
    """Sends requests to a server."""

    def __init__(self, process, port):
        self.process, self.port = process, port

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONG)

    def send(self, method, path, body=None, **headers):
        """The status, the headers and the text of an answer; ``body`` is JSON, or text as it is."""
        connection = self.connect()
        try:
            data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def ask(self, path, **body):
        """The JSON of an answer, which must be a good one."""
        status, _, text = self.send("POST", path, body)
        assert status == 200, text
        return json.loads(text)

    def complete(self, **body):
        return self.ask("/v1/completions", **body)

    def stream(self, **body):
        """The events of a stream."""
        status, headers, text = self.send("POST", "/v1/completions", body | {"stream": True})
        assert status == 200, text
        assert headers["content-type"].startswith("text/event-stream")
        lines = text.removesuffix("\n\n").split("\n\n")
        assert lines.pop() == "data: [DONE]"
        return [json.loads(line.removeprefix("data: ")) for line in lines]


@pytest.fixture(scope="session")
def serve(folder):
    """Start ``charrnn serve`` with these arguments."""
    pytest.importorskip("uvicorn", reason="the server is an extra")
    pytest.importorskip("starlette", reason="the server is an extra")
    clients = []

    def serve(*arguments):
        command = [sys.executable, "-m", "charrnn", "serve", *arguments, "--port", "0", "--checkpoints", folder]
        process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
        for line in process.stderr:
            if found := re.search(r"^serving .* at http://.*:(\d+)/", line):
                clients.append(Client(process, int(found[1])))
                return clients[-1]
        raise AssertionError(f"it has ended with {process.wait(LONG)}")

    yield serve
    for client in clients:
        client.process.kill()
        client.process.communicate()


@pytest.fixture(scope="session")
def server(serve):
    return serve("letters", "bytes", "lines", "labels")
