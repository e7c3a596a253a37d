"""Pages in a real browser: each view is used, and what it shows is compared with the model."""

import json
import math
import re
from dataclasses import replace

import pytest
from javascript import browse
from labelled import labelled, write_tsv

import charrnn
from charrnn.pages import html
from charrnn.storage.run_metadata import RunMetadata

PLAN = ("LSTM of 16 units: 1,000 characters a second", "60 steps, 2.0 times over the text")
SMALL = {"hidden_size": 16, "batch_size": 4, "seq_length": 16, "steps": 300, "eval_every": 100}


def page_of(folder, model, name="cat", **how):
    path = folder / "page.html"
    path.write_text(html(model, path=folder / "runs" / name / "best.safetensors", **how), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The model of a small run, and its page."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "cat.txt").write_text("the cat sat on the mat, and the dog sat on the cat.\n" * 40)
    for _ in charrnn.train(folder / "cat.txt", checkpoints=folder / "runs", num_layers=2, **SMALL):
        pass
    metadata = folder / "runs" / "cat" / "run.json"
    replace(RunMetadata.read(metadata), plan=PLAN).write(metadata)
    model = charrnn.load("cat", checkpoints=folder / "runs")
    return model, page_of(folder, model, text="the dog sat on the mat.\n", precision="float32")


@pytest.fixture(scope="module")
def used(written):
    """What a script that uses each view of the page has seen there."""
    program = """
    const seen = {};
    const tab = (name) => page.getByRole("tab", { name, exact: true }).click();
    const text = (view) =>
      page.locator(`#view-${view} .text span`).evaluateAll((spans) => spans.map((span) => span.textContent).join(""));
    const isDone = () => document.querySelector("#view-Write .main").textContent === "Write";
    const settled = () => page.waitForFunction(isDone);
    await page.waitForFunction(() => document.querySelectorAll("#view-Write .text span").length > 0);
    await settled();
    seen.first = await text("Write");

    await page.getByLabel("Begin with").fill("the c");
    await page.getByLabel("Length").fill("300");
    await page.locator("#view-Write summary").click();
    await page.getByLabel("top-p").fill("0.9");
    await page.getByLabel("another seed each time").uncheck();
    await page.getByLabel("the same seed").fill("7");
    await page.getByRole("button", { name: "Write", exact: true }).click();
    await settled();
    seen.written = await text("Write");
    await page.locator("#view-Write .text span").nth(40).click();
    const rival = page.locator("#view-Write .rivals li").nth(1);
    seen.rivals = await page.locator("#view-Write .rivals li").allInnerTexts();
    seen.rival = await rival.locator(".symbol").innerText();
    await rival.locator("button").click();
    await settled();
    seen.branch = await text("Write");
    await page.getByRole("button", { name: "← Back" }).click();
    seen.back = await text("Write");

    await page.locator("#view-Write .text").focus();
    for (const key of ["Home", "ArrowRight", "ArrowRight", "Enter"]) await page.keyboard.press(key);
    seen.focused = await page.evaluate(() => document.activeElement.className);
    await page.keyboard.press("Enter");
    await settled();
    seen.keyed = await text("Write");

    await tab("Read");
    await page.locator("#view-Read dd").first().waitFor();
    seen.bits = await page.locator("#view-Read dd").first().innerText();
    seen.words = await page.locator("#view-Read .words button").allInnerTexts();
    await page.getByLabel("Text to read").fill("the dög");
    await page.getByRole("button", { name: "Read", exact: true }).click();
    await page.locator("#view-Read .unknown").waitFor();
    seen.unknown = await page.locator("#view-Read .unknown").innerText();

    await page.getByLabel("Text to read").fill("the dog sat on the mat.\\n");
    await tab("Units");
    await page.locator("#view-Units .text span").nth(20).waitFor();
    await page.getByLabel("Layer").selectOption("1");
    await page.getByLabel("Colour by").selectOption("c");
    await page.waitForTimeout(200);
    await page.locator("#view-Units input[type=number]").fill("5");
    await page.locator("#view-Units .text span").nth(4).click();
    seen.value = await page.locator("#view-Units .status").innerText();
    for (let at = 0; at < 20 && !(await page.locator("#view-Units .rivals button").count()); at++) {
      await page.locator("#view-Units .text span").nth(at).click();
      await page.keyboard.press("Shift+ArrowRight");
      await page.locator("#view-Units .rivals h2").first().waitFor();
    }
    const unit = page.locator("#view-Units .rivals .symbol").first();
    seen.unit = await unit.innerText();
    await unit.click();
    seen.shown = await page.locator("#view-Units input[type=number]").inputValue();

    await tab("Training");
    seen.dots = await page.locator("#view-Training circle").count();
    seen.samples = await page.locator("#view-Training pre").count();
    seen.plan = await page.locator("#view-Training p").allInnerTexts();
    await page.keyboard.press("ArrowRight");
    seen.tab = await page.locator("[role=tab][aria-selected=true]").innerText();
    return seen;
    """
    return browse(written[1], program)


def test_the_page_loads_nothing_and_logs_nothing(used):
    assert len(used["requests"]) == 1
    assert used["messages"] == []


def test_the_page_writes_what_the_program_writes(written, used):
    model, seen = written[0], used["result"]
    assert seen["first"] == model.sample(rng_seed=1, length=400)
    assert seen["written"] == model.sample("the c", rng_seed=7, length=300, top_p=0.9)


def test_another_character_leads_elsewhere_and_back(used):
    seen = used["result"]
    assert len(seen["rivals"]) > 5
    rival = {"space": " ", "newline": "\n"}.get(seen["rival"], seen["rival"])
    assert seen["branch"][:41] == seen["written"][:40] + rival
    assert seen["branch"] != seen["written"]
    assert seen["back"] == seen["written"]


def test_the_keyboard_reaches_rivals(used):
    seen = used["result"]
    assert "row" in seen["focused"]
    assert seen["keyed"][:2] == seen["written"][:2]
    assert seen["keyed"][2] != seen["written"][2]


def test_surprise_is_that_of_the_program(written, used):
    score = written[0].score("the dog sat on the mat.\n")
    assert used["result"]["bits"] == f"{score.bits_per_character:.3f}"
    assert any(word.startswith("mat.") for word in used["result"]["words"])
    assert used["result"]["unknown"] == "ö"


def test_units_are_shown_and_compared(used):
    seen = used["result"]
    assert re.fullmatch(r"unit 5 is -?\d\.\d{3} after this character", seen["value"])
    assert seen["unit"] == f"unit {seen['shown']}"


SELECT = """
const open = async () => {
  await page.getByRole("tab", { name: "Units", exact: true }).click();
  await page.locator("#view-Units .text span").nth(20).waitFor();
};
const select = async (at, count) => {
  await page.locator("#view-Units .text span").nth(at).click();
  for (let step = 0; step < count; step++) await page.keyboard.press("Shift+ArrowRight");
  await page.locator("#view-Units .rivals h2").first().waitFor();
};
const buttons = () => page.locator("#view-Units .rivals button");
const listed = async () => (await page.locator("#view-Units .rivals").innerText()).split("\\n");
"""


def test_another_signal_is_compared_at_the_same_stretch(written):
    program = """
    await open();
    let at = 0;
    for (; at < 20 && !(await buttons().count()); at++) await select(at, 1);
    const seen = { h: await listed(), buttons: await buttons().count() };
    for (const signal of ["c", "h"]) {
      await page.getByLabel("Colour by").selectOption(signal);
      seen[`${signal} after another`] = await listed();
    }
    await page.getByLabel("Colour by").selectOption("c");
    await select(0, 1);
    await select(at - 1, 1);
    seen.c = await listed();
    return seen;
    """
    seen = browse(written[1], SELECT + program)["result"]
    assert seen["buttons"] > 0
    assert seen["h after another"] == seen["h"] != seen["c"] == seen["c after another"]


def test_only_units_that_are_on_here_and_off_elsewhere_are_listed(written):
    program = """
    await open();
    const seen = [];
    for (let at = 0; at < 20; at += 2) {
      await select(at, 1);
      const rows = page.locator("#view-Units .rivals button.three");
      seen.push(await rows.evaluateAll((all) =>
        all.map((row) => [...row.querySelectorAll(".number")].map((one) => parseFloat(one.textContent)))));
    }
    return seen;
    """
    seen = browse(written[1], SELECT + program)["result"]
    assert any(seen)
    for rows in seen:
        for here, elsewhere in rows:
            assert here > 50 > elsewhere


def test_where_no_unit_is_on_the_view_of_units_says_so(written, tmp_path):
    silent = charrnn.Model.load(written[1].parent / "runs" / "cat" / "best.safetensors")
    silent.parameters.vector[:] = 0
    (tmp_path / "silent.html").write_text(html(silent, text="the dog sat on the mat.\n"), encoding="utf-8")
    program = """
    await page.getByRole("tab", { name: "Read", exact: true }).click();
    await open();
    await select(4, 2);
    return { listed: await listed(), buttons: await buttons().count() };
    """
    seen = browse(tmp_path / "silent.html", SELECT + program)["result"]
    assert "No unit is on at most of these characters and off at most others." in seen["listed"]
    assert (seen["buttons"], seen["listed"].count("The next places like it")) == (0, 0)


def test_what_nobody_sees_has_a_name_and_a_sign(tmp_path):
    (tmp_path / "cat.txt").write_text("ab\u200bc\u202ed\u2028e\x1b\n" * 60, encoding="utf-8")
    for _ in charrnn.train(tmp_path / "cat.txt", checkpoints=tmp_path / "runs", **SMALL):
        pass
    program = """
    await page.getByRole("tab", { name: "Read", exact: true }).click();
    await page.locator("#view-Read dd").first().waitFor();
    const spans = page.locator("#view-Read .text span");
    await spans.nth(2).click();
    return {
      text: await spans.evaluateAll((all) => all.map((span) => span.textContent).join("")),
      names: await page.locator("#view-Read .rivals .symbol").allInnerTexts(),
    };
    """
    model = charrnn.load("cat", checkpoints=tmp_path / "runs")
    seen = browse(page_of(tmp_path, model, text="ab\u200bc\u202ed\u2028e\x1b\n"), program)["result"]
    assert seen["text"] == "ab⬚c⬚d⬚e␛\n"
    assert {"0x200B", "0x202E", "0x2028", "0x1B"} <= set(seen["names"])


@pytest.mark.parametrize("view", ["Read", "Units"])
def test_a_view_that_is_opened_first_shows_what_the_model_writes(view, written, tmp_path):
    (tmp_path / "none.html").write_text(html(written[0], precision="float32"), encoding="utf-8")
    program = f"""
    await page.evaluate(() => (location.hash = "#{view}"));
    await page.reload();
    const spans = page.locator("#view-{view} .text span");
    await spans.nth(100).waitFor();
    return spans.evaluateAll((all) => all.map((span) => span.textContent).join(""));
    """
    assert browse(tmp_path / "none.html", program)["result"] == written[0].sample(rng_seed=1, length=400)


def test_a_view_that_reads_does_not_disturb_the_one_that_writes(written):
    model, path = written
    program = """
    const isDone = () => document.querySelector("#view-Write .main").textContent === "Write";
    await page.waitForFunction(isDone);
    await page.getByLabel("Length").fill("20000");
    await page.locator("#view-Write summary").click();
    await page.getByLabel("another seed each time").uncheck();
    await page.getByLabel("the same seed").fill("7");
    await page.evaluate(() => {
      for (const pressed of ["#view-Write .main", "#tab-Read", "#tab-Units"]) document.querySelector(pressed).click();
    });
    await page.waitForFunction(isDone);
    await page.locator("#view-Units .text span").nth(20).waitFor();
    await page.getByRole("tab", { name: "Read", exact: true }).click();
    const spans = page.locator("#view-Write .text span");
    const text = await spans.evaluateAll((all) => all.map((span) => span.textContent).join(""));
    return { bits: await page.locator("#view-Read dd").first().innerText(), text };
    """
    seen = browse(path, program)["result"]
    assert seen["text"] == model.sample(rng_seed=7, length=20_000)
    score = model.score("the dog sat on the mat.\n")
    assert seen["bits"] == f"{score.bits_per_character:.3f}"


def test_the_training_is_told(used):
    seen = used["result"]
    assert (seen["dots"], seen["samples"], seen["tab"]) == (3, 3, "Write")
    assert tuple(seen["plan"]) == PLAN


def test_without_webassembly_the_page_writes_the_same(written):
    model, path = written
    plain = path.with_name("plain.html")
    plain.write_text(re.sub(r'(id="kernel">)[^<]*', r"\1", path.read_text("utf-8")), encoding="utf-8")
    program = """
    await page.waitForFunction(() => document.querySelector(".status").textContent.includes("seed 1"));
    const spans = page.locator("#view-Write .text span");
    return spans.evaluateAll((all) => all.map((span) => span.textContent).join(""));
    """
    assert browse(plain, program)["result"] == model.sample(rng_seed=1, length=400)


def test_the_page_fits_a_phone(written):
    program = """
    const wide = {};
    for (const name of ["Write", "Read", "Units", "Training"]) {
      await page.getByRole("tab", { name, exact: true }).click();
      await page.waitForTimeout(100);
      wide[name] = await page.evaluate(() => document.documentElement.scrollWidth);
    }
    return wide;
    """
    found = browse(written[1], program, viewport={"width": 390, "height": 844}, colorScheme="dark")
    assert set(found["result"].values()) == {390}


def test_a_view_is_there_again_after_a_reload_and_on_the_way_back(written):
    program = """
    const seen = [];
    const tell = async () => seen.push(await page.locator("[role=tab][aria-selected=true]").innerText());
    await page.getByRole("tab", { name: "Units", exact: true }).click();
    await page.reload();
    await tell();
    await page.getByRole("tab", { name: "Training", exact: true }).click();
    await page.goto("about:blank");
    await page.goBack();
    await tell();
    seen.push(await page.locator("#view-Training circle").count());
    return seen;
    """
    assert browse(written[1], program)["result"] == ["Units", "Training", 3]


def asked(folder, program, **options):
    """A model that answers, trained for a moment, and what a program finds on its page."""
    for _ in charrnn.train(folder / "data", name="cat", checkpoints=folder / "runs", hidden_size=16, **options):
        pass
    model = charrnn.load("cat", checkpoints=folder / "runs")
    found = browse(page_of(folder, model, precision="float32"), program)
    assert (len(found["requests"]), found["messages"]) == (1, [])
    return model, found["result"]


def test_a_model_that_labels_shows_what_speaks_for_a_label(tmp_path):
    write_tsv(tmp_path / "data", labelled())
    program = """
    await page.getByLabel("Text to label").fill("uvwx");
    await page.waitForFunction(() => document.querySelector("#view-Ask .text")?.textContent === "uvwx");
    const parts = page.locator("#view-Ask .text span");
    return {
      answers: await page.locator("#view-Ask .answers .symbol").allInnerTexts(),
      parts: await parts.evaluateAll((all) => all.map((part) => [part.textContent, part.title, part.className])),
      bars: await parts.evaluateAll((all) => all.map((part) => +part.style.getPropertyValue("--v"))),
    };
    """
    model, seen = asked(tmp_path, program, task="label", steps=20)
    assert seen["answers"] == [answer.text for answer in model.answers(["uvwx"], top=3)[0]]
    best = seen["answers"][0]
    (whole,) = model.answers(["uvwx"], top=3)
    for place, (part, title, name) in enumerate(seen["parts"]):
        assert part == "uvwx"[place]
        (without,) = model.answers(["uvwx".replace(part, "")], top=3)
        before, after = (next(each.probability for each in one if each.text == best) for one in (whole, without))
        odds = abs(math.log(before / after))
        assert title.startswith(f"without it, {best} is {math.exp(odds):.1f} times ")
        assert (name == "negative") == (after > before)
    assert max(seen["bars"]) == 1


def test_a_model_of_pairs_shows_where_it_looked(tmp_path):
    write_tsv(tmp_path / "data", [(word, " ".join(word.upper())) for word, _ in labelled()])
    program = """
    await page.getByLabel("Text to turn into another").fill("abc");
    await page.locator("#view-Ask .attention").waitFor();
    const rows = page.locator("#view-Ask .attention tbody tr");
    return {
      answer: await page.locator("#view-Ask .answers .symbol").first().innerText(),
      columns: await page.locator("#view-Ask thead th").allInnerTexts(),
      symbols: await rows.locator("th").allInnerTexts(),
      looked: await rows.evaluateAll((all) =>
        all.map((row) => [...row.querySelectorAll("span")].map((span) => +span.style.getPropertyValue("--v")))),
    };
    """
    model, seen = asked(tmp_path, program, task="pairs", symbols="space", steps=40)
    assert seen["answer"] == model.predict(["abc"])[0]
    assert seen["columns"][:3] == ["a", "b", "c"]
    assert seen["symbols"] == [*seen["answer"].split(), "∎"]
    assert len(seen["looked"]) == len(seen["symbols"])
    for row in seen["looked"]:
        assert len(row) == len(seen["columns"])
        assert sum(row) == pytest.approx(1, abs=0.01)


def test_a_model_that_restores_shows_what_it_changed_and_what_else_there_could_be(tmp_path):
    (tmp_path / "data").write_text("žluťoučký kůň, zlatý zub a zelené ucho\n" * 60, encoding="utf-8")
    program = """
    await page.getByLabel("Text to restore").fill("zlutoucky kun");
    await page.waitForFunction(() => document.querySelector("#view-Ask .text")?.textContent.startsWith("ž"));
    const changed = page.locator("#view-Ask .changed");
    await changed.first().focus();
    return {
      text: await page.locator("#view-Ask .text").innerText(),
      changed: await changed.allInnerTexts(),
      was: await changed.first().getAttribute("title"),
      rivals: await page.locator("#view-Ask .rivals .symbol").allInnerTexts(),
      status: await page.locator("#view-Ask .status").innerText(),
    };
    """
    model, seen = asked(tmp_path, program, task="accents", steps=120)
    assert seen["text"] == model.predict(["zlutoucky kun"])[0]
    places = [one for one, before in zip(seen["text"], "zlutoucky kun", strict=True) if one != before]
    assert (seen["changed"], seen["was"]) == (places, "was “z”")
    assert seen["rivals"][0] == "ž"
    assert "z" in seen["rivals"]
    assert seen["status"] == f"{len(places)} of 13 characters changed"


def test_nothing_of_a_text_can_end_its_script(written):
    model, _ = written
    page = html(model, text="</script><script>alert(1)</script>\u2028\0")
    held = re.search(r'id="description">(.*?)</script>', page, re.DOTALL)[1]
    assert json.loads(held)["text"] == "</script><script>alert(1)</script>\u2028\0"
    assert page.count("<script") == 4


def test_the_page_has_little_besides_its_weights(written):
    model, _ = written
    page = html(model)
    weights = re.search(r'id="weights">(.*?)</script>', page, re.DOTALL)[1]
    assert len(weights) == pytest.approx(4 / 3 * model.parameters.count, rel=0.4)
    assert len(page) - len(weights) < 70_000


def test_a_model_of_documents_writes_several(tmp_path):
    (tmp_path / "cat.txt").write_text("cat\ndog\nmouse\nrat\n" * 30)
    options = {"documents": "line", "hidden_size": 16, "batch_size": 4, "steps": 60}
    for _ in charrnn.train(tmp_path / "cat.txt", checkpoints=tmp_path / "runs", **options):
        pass
    model = charrnn.load("cat", checkpoints=tmp_path / "runs")
    program = """
    await page.waitForFunction(() => document.querySelector(".status").textContent.includes("seed 1"));
    const spans = page.locator("#view-Write .text span");
    return spans.evaluateAll((all) => all.map((span) => span.textContent).join(""));
    """
    found = browse(page_of(tmp_path, model, precision="float32"), program)
    drawn = [sample.text for sample in model.samples(num_samples=8, rng_seed=1, length=400)]
    assert found["result"].split("∎\n")[:-1] == drawn
    assert (len(found["requests"]), found["messages"]) == (1, [])
