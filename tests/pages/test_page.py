"""Pages in a real browser: each view is used, and what it shows is compared with the model."""

import json
import re

import pytest
from javascript import browse
from labelled import labelled, write_tsv

import charrnn
from charrnn.pages import html

SMALL = {"hidden_size": 16, "batch_size": 4, "seq_length": 16, "steps": 60, "eval_every": 20}


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
    for (const key of ["Shift+ArrowRight", "Shift+ArrowRight"]) await page.keyboard.press(key);
    await page.locator("#view-Units .rivals button").first().waitFor();
    const unit = page.locator("#view-Units .rivals .symbol").first();
    seen.unit = await unit.innerText();
    await unit.click();
    seen.shown = await page.locator("#view-Units input[type=number]").inputValue();

    await tab("Training");
    seen.dots = await page.locator("#view-Training circle").count();
    seen.samples = await page.locator("#view-Training pre").count();
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


def test_the_training_is_told(used):
    seen = used["result"]
    assert (seen["dots"], seen["samples"], seen["tab"]) == (3, 3, "Write")


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


def test_a_model_that_labels_is_asked(tmp_path):
    write_tsv(tmp_path / "rows.tsv", labelled())
    options = {"task": "label", "name": "cat", "hidden_size": 16, "steps": 20}
    for _ in charrnn.train(tmp_path / "rows.tsv", checkpoints=tmp_path / "runs", **options):
        pass
    model = charrnn.load("cat", checkpoints=tmp_path / "runs")
    program = """
    await page.getByLabel("Text to label").fill("uvwx");
    await page.locator("#view-Ask .answers li").first().waitFor();
    return page.locator("#view-Ask .answers .symbol").allInnerTexts();
    """
    found = browse(page_of(tmp_path, model, precision="float32"), program)
    assert found["result"] == [answer.text for answer in model.answers(["uvwx"], top=3)[0]]
    assert (len(found["requests"]), found["messages"]) == (1, [])


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
