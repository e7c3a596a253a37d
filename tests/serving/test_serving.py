import contextlib
import json
import re
import signal
import socket
import threading

import pytest
from waiting import LONG

import charrnn
from charrnn.errors import CharrnnError


def text_of(answer, index=0):
    return answer["choices"][index]["text"]


def test_models_are_listed(server):
    status, _, text = server.send("GET", "/v1/models")
    assert status == 200
    assert [model["id"] for model in json.loads(text)["data"]] == ["letters", "bytes", "lines", "labels"]


def test_the_page_is_that_of_the_model(server):
    for path, name in (("/?model=letters", "letters"), ("/?model=lines", "lines")):
        status, headers, text = server.send("GET", path)
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert f"<title>{name}, a model of charrnn</title>" in text


def test_people_find_every_model_and_why_one_has_no_page(server, server_of_others):
    status, headers, text = server.send("GET", "/")
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    links = re.findall(r'href="(.*?)"', text)
    assert links == [f"/?model={name}" for name in ("letters", "bytes", "lines", "labels")]
    status, headers, text = server.send("GET", "/?model=nobody")
    assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert set(links) <= set(re.findall(r'href="(.*?)"', text))
    for name, address in (("series", "/v1/predict"), ("counts", "/v1/completions"), ("mixture", "/v1/completions")):
        status, headers, text = server_of_others.send("GET", f"/?model={name}")
        assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "this model runs in no page, no JavaScript and no ONNX: " in text
        assert f"use POST {address}" in text


def test_a_model_is_told_by_its_name(server):
    status, _, text = server.send("GET", "/v1/models/lines")
    assert (status, json.loads(text)) == (
        200,
        {"id": "lines", "object": "model", "created": 0, "owned_by": "charrnn"},
    )
    status, _, text = server.send("GET", "/v1/models/nobody")
    assert (status, json.loads(text)["error"]["message"][:42]) == (404, "model must be one of letters, bytes, lines")


SETTINGS = {"temperature": 0.7, "top_k": 9, "top_p": 0.95, "min_p": 0.01}


@pytest.mark.parametrize("name", ["letters", "bytes", "lines"])
def test_a_text_is_the_one_that_sample_draws(server, folder, name):
    model = charrnn.load(name, checkpoints=folder)
    prompt = "ü" if name == "bytes" else "the "
    drawn = model.samples(prompt, num_samples=3, rng_seed=7, length=60, **SETTINGS)
    asked = {"model": name, "prompt": prompt, "n": 3, "seed": 7, "max_tokens": 60, **SETTINGS}
    answer = server.complete(**asked, echo=True)
    assert [choice["text"] for choice in answer["choices"]] == [sample.text for sample in drawn]
    reasons = {"length": "length", "end": "stop"}
    assert [choice["finish_reason"] for choice in answer["choices"]] == [reasons[one.stop_reason] for one in drawn]
    events = server.stream(**asked)
    for index, sample in enumerate(drawn):
        own = [event["choices"][0] for event in events if event["choices"][0]["index"] == index]
        assert prompt + "".join(choice["text"] for choice in own) == sample.text
        assert [choice["finish_reason"] for choice in own if choice["finish_reason"]] == [reasons[sample.stop_reason]]


def test_without_a_length_and_a_temperature_they_are_those_of_the_api_and_of_sample(server, folder):
    model = charrnn.load("letters", checkpoints=folder)
    assert text_of(server.complete(prompt="the ", seed=1)) == model.sample("the ", rng_seed=1, length=16)[4:]


def test_a_prompt_that_continues_an_earlier_one_is_answered_as_if_it_came_first(server, folder):
    model, long = charrnn.load("letters", checkpoints=folder), "the dog sat on the mat. " * 60
    for prompt in (long, long + "the cat", long, long[:700] + "log" + long[700:], long[:500]):
        asked = {"prompt": prompt, "seed": 5, "max_tokens": 40, "logprobs": 3}
        wanted = model.sample(prompt, rng_seed=5, length=40)[len(prompt) :]
        assert text_of(server.complete(**asked)) == wanted
        assert "".join(event["choices"][0]["text"] for event in server.stream(**asked)) == wanted


def test_several_prompts_are_answered_in_order(server):
    both = server.complete(prompt=["the cat", "the dog"], n=2, seed=3, max_tokens=10)
    for place, prompt in enumerate(["the cat", "the dog"]):
        alone = server.complete(prompt=prompt, n=2, seed=3, max_tokens=10)
        assert [text_of(both, 2 * place + number) for number in (0, 1)] == [text_of(alone, 0), text_of(alone, 1)]
    assert [choice["index"] for choice in both["choices"]] == [0, 1, 2, 3]
    assert both["usage"] == {"prompt_tokens": 14, "completion_tokens": 40, "total_tokens": 54}


def test_a_text_ends_before_a_stop_text(server, folder):
    whole = charrnn.load("letters", checkpoints=folder).sample("the ", rng_seed=1, length=80)[4:]
    choice = server.complete(prompt="the ", seed=1, max_tokens=80, stop=[whole[20:23], "never"])["choices"][0]
    assert choice["text"] == whole[: whole.index(whole[20:23])]
    assert choice["finish_reason"] == "stop"


def test_probabilities_are_the_models(server, folder):
    model = charrnn.load("letters", checkpoints=folder)
    answer = server.complete(prompt="the cat", seed=1, max_tokens=20, logprobs=10, echo=True)
    found, text = answer["choices"][0]["logprobs"], text_of(answer)
    assert "".join(found["tokens"]) == text
    assert found["text_offset"] == list(range(len(text)))
    assert found["token_logprobs"][0] is found["top_logprobs"][0] is None
    expected = model.score(text, one_pass=True).losses[1:]
    assert [-value for value in found["token_logprobs"][1:]] == pytest.approx(expected, abs=1e-5)
    for token, value, top in zip(found["tokens"], found["token_logprobs"], found["top_logprobs"], strict=True):
        assert top is None or len(top) == 10
        assert top is None or token not in top or top[token] == pytest.approx(value, abs=1e-5)
    events = server.stream(prompt="the cat", seed=1, max_tokens=20, logprobs=10)
    drawn = [event["choices"][0] for event in events if event["choices"][0]["text"]]
    assert [choice["text"] for choice in drawn] == list(text[7:])
    assert [choice["logprobs"]["token_logprobs"] for choice in drawn] == [[one] for one in found["token_logprobs"][7:]]


def test_a_prompt_can_be_scored_without_drawing(server):
    answer = server.complete(prompt="the cat sat", max_tokens=0, logprobs=1, echo=True)
    assert text_of(answer) == "the cat sat"
    assert len(answer["choices"][0]["logprobs"]["tokens"]) == 11


def test_tokens_of_bytes_are_told_apart(server):
    found = server.complete(model="bytes", prompt="ü", max_tokens=0, logprobs=0, echo=True)["choices"][0]["logprobs"]
    assert found["tokens"] == ["bytes:\\xc3", "bytes:\\xbc"]


def test_a_stream_can_end_with_the_numbers_of_tokens(server):
    *_, last = server.stream(prompt="the ", seed=1, max_tokens=5, stream_options={"include_usage": True})
    assert last["choices"] == []
    assert last["usage"] == {"prompt_tokens": 4, "completion_tokens": 5, "total_tokens": 9}


def test_lines_are_answered(server, folder):
    model = charrnn.load("labels", checkpoints=folder)
    answer = server.ask("/v1/predict", model="labels", input=["the cat", "", "the dog"], top=2)
    lines = model.answers(["the cat", "the dog"], top=2)
    wanted = [[one._asdict() for one in answers] for answers in (lines[0], [], lines[1])]
    assert [each["answers"] for each in answer["data"]] == wanted


PAIRS, LABELS = ("pairs", "pair-features", "pair-counts", "pair-mixture"), ("label-counts", "label-mixture")


@pytest.fixture(scope="module")
def server_of_others(serve, others):
    return serve(*PAIRS, *LABELS, "mixture", "counts", "series")


@pytest.mark.parametrize("name", PAIRS + LABELS)
def test_every_kind_that_answers_lines_is_served(server_of_others, others, name):
    line = {"pair-features": "abc\tPL"}.get(name, "abc" if name in PAIRS else "the cat")
    answer = server_of_others.ask("/v1/predict", model=name, input=line, top=2)
    [wanted] = charrnn.load(name, checkpoints=others).answers([line], top=2)
    assert wanted
    assert answer["data"][0]["answers"] == [one._asdict() for one in wanted]


@pytest.mark.parametrize("name", ["mixture", "counts"])
def test_models_without_a_network_of_their_own_write(server_of_others, others, name):
    drawn = charrnn.load(name, checkpoints=others).sample("the ", rng_seed=3, length=30)
    assert text_of(server_of_others.complete(model=name, prompt="the ", seed=3, max_tokens=30, echo=True)) == drawn


def test_a_model_that_cannot_compute_in_a_precision_keeps_its_own(serve, others):
    try:
        wanted = charrnn.load("letters", checkpoints=others, precision="bf16").sample("the ", rng_seed=1, length=16)
    except CharrnnError as error:
        pytest.skip(str(error))
    client = serve("letters", "counts", "--precision", "bf16")
    assert text_of(client.complete(model="letters", prompt="the ", seed=1, echo=True)) == wanted
    drawn = charrnn.load("counts", checkpoints=others).sample("the ", rng_seed=1, length=16)
    assert text_of(client.complete(model="counts", prompt="the ", seed=1, echo=True)) == drawn


def test_a_series_is_continued(server_of_others, others):
    answer = server_of_others.ask("/v1/predict", model="series", horizon=3)
    assert answer["forecast"] == charrnn.load("series", checkpoints=others).forecast(3)


WRONG = {
    "not JSON": (b"{", "the body must be a JSON object"),
    "a list": (b"[]", "the body must be a JSON object"),
    "not UTF-8": (b'{"prompt": "\xff"}', "the body must be a JSON object"),
    "deep": (b"[" * 100_000, "the body must be a JSON object"),
    "NaN": (b'{"temperature": NaN}', "the body must be a JSON object"),
    "a prompt of numbers": ({"prompt": [1, 2]}, "prompt must be a text or a list of texts, not [1, 2]"),
    "a long prompt": ({"prompt": "a" * 20_001}, "prompt must have at most 20,000 characters in all, not 20,001"),
    "too many texts": ({"prompt": ["a"] * 9, "n": 9}, "a request must be for at most 64 texts, not 81"),
    "too many characters": ({"n": 2, "max_tokens": 600_000}, "a request must be for at most 1,000,000 characters"),
    "a temperature": ({"temperature": -1}, "temperature must be at least 0, not -1.0"),
    "a temperature of text": ({"temperature": "hot"}, "temperature must be a number, not 'hot'"),
    "an endless number": (b'{"temperature": 1e999}', "temperature must be"),
    "a huge number": (b'{"seed": ' + b"9" * 5000 + b"}", "the body must be a JSON object"),
    "a penalty": ({"presence_penalty": 1}, "presence_penalty must be left out, not 1"),
    "an unknown character": ({"prompt": "Q", "unknown": "error"}, "the text must hold only the"),
    "half of a character": ({"prompt": "\ud800", "unknown": "error"}, "the text must hold only the"),
    "an unknown choice": ({"unknown": "guess"}, "unknown must be one of"),
    "a label": ({"given": "x"}, "given is for models of labelled texts"),
    "a model that answers": ({"model": "labels"}, "does not write text"),
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_request_is_told_what_is_wrong(server, case, stream):
    body, message = WRONG[case]
    if isinstance(body, dict):
        body |= {"stream": stream}
    status, _, text = server.send("POST", "/v1/completions", body)
    error = json.loads(text)["error"]
    assert status == 400
    assert error["message"].startswith(message) or message in error["message"]
    assert error["type"] == "invalid_request_error"
    assert not re.search("--|charrnn ", error["message"])  # options and commands are the command line's


def test_an_error_names_the_line_and_the_field(server_of_others):
    body = {"model": "pairs", "input": ["abc", "", "aQb", "c"], "unknown": "error"}
    status, _, text = server_of_others.send("POST", "/v1/predict", body)
    message = json.loads(text)["error"]["message"]
    assert status == 400
    assert message.startswith("line 3: ")
    assert message.endswith('choose "unknown" skip or replace')


def test_an_address_that_there_is_not_is_told_which_there_are(server):
    for status, method, path in ((404, "POST", "/v1/chat/completions"), (405, "GET", "/v1/completions")):
        found, _, text = server.send(method, path, {} if method == "POST" else None)
        message = json.loads(text)["error"]["message"]
        assert found == status
        assert f"POST /v1/completions or POST /v1/predict, not {method} {path}" in message


@pytest.mark.parametrize("path", ["/v1/completions", "/v1/nothing"])
@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_a_client_that_sends_too_much_still_reads_why(server, path, host):
    with socket.create_connection(("127.0.0.1", server.port), timeout=LONG) as connection:
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {8 << 20}\r\n\r\n"
        connection.sendall(head.encode() + b" " * (8 << 20))
        answer = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    status = 403 if host == "evil.example" else 404 if path == "/v1/nothing" else 413
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"invalid_request_error" in answer


def test_other_refusals_have_the_same_form(server):
    for status, arguments in (
        (404, ("GET", "/v2")),
        (405, ("GET", "/v1/completions")),
        (404, ("POST", "/v1/completions", {"model": "nobody"})),
        (413, ("POST", "/v1/completions", b" " * (1 << 21))),
        (400, ("POST", "/v1/predict", {"model": "letters", "input": "x"})),
    ):
        found, _, text = server.send(*arguments)
        assert (found, json.loads(text)["error"]["type"]) == (status, "invalid_request_error")


def test_foreign_hosts_and_origins_are_refused(server):
    ours = f"127.0.0.1:{server.port}"
    for headers, wanted in (
        ({"Host": "evil.example"}, 403),
        ({"Host": f"evil.example:{server.port}"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Host": ours, "Origin": "http://evil.example"}, 403),
        ({"Host": ours, "Origin": "null"}, 403),
        ({"Host": ours, "Origin": f"http://{ours}"}, 200),
    ):
        assert server.send("GET", "/v1/models", **headers)[0] == wanted, headers


def test_an_allowed_origin_may_read_and_a_key_is_asked_for(serve, tmp_path):
    (tmp_path / "key").write_text("sesame\n")
    client = serve("letters", "--allow-origin", "https://a.example", "--api-key-file", tmp_path / "key")
    assert client.send("GET", "/v1/models")[0] == 401
    assert client.send("GET", "/v1/models", Authorization="Bearer wrong")[0] == 401
    status, headers, _ = client.send("GET", "/v1/models", Authorization="Bearer sesame", Origin="https://a.example")
    assert (status, headers["Access-Control-Allow-Origin"]) == (200, "https://a.example")
    status, headers, _ = client.send("OPTIONS", "/v1/completions", Origin="https://a.example")
    assert (status, headers["Access-Control-Allow-Origin"]) == (204, "https://a.example")
    assert "Access-Control-Allow-Origin" not in client.send("GET", "/", Origin="https://b.example")[1]


def test_many_clients_are_answered_at_once_whatever_others_do(server):
    wanted = text_of(server.complete(prompt="the ", seed=1, max_tokens=2000))
    results = []

    def well_behaved():
        results.append(text_of(server.complete(prompt="the ", seed=1, max_tokens=2000)))

    def rude(number):
        with socket.create_connection(("127.0.0.1", server.port), timeout=LONG) as connection:
            body = json.dumps({"prompt": "the ", "max_tokens": 1_000_000, "stream": number % 2 == 0}).encode()
            head = f"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall((head.encode() + body)[: len(body) + len(head) - number % 3])
            connection.recv(1 if number % 3 == 0 and number % 2 == 0 else 0)

    threads = [threading.Thread(target=well_behaved) for _ in range(12)]
    threads += [threading.Thread(target=rude, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert results == [wanted] * 12


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_server_and_its_streams(serve, number, code):
    client = serve("letters")
    with contextlib.closing(client.connect()) as connection:
        body = json.dumps({"prompt": "the ", "max_tokens": 1_000_000, "stream": True})
        connection.request("POST", "/v1/completions", body)
        with connection.getresponse() as answer:
            assert answer.read(6) == b"data: "
            client.process.send_signal(number)
            assert b"the server is stopping" in answer.read()
    assert client.process.wait(LONG) == code
    assert "Traceback" not in client.process.stderr.read()
