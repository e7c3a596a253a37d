"""Running JavaScript in tests: modules in Node, and pages in Chromium driven by playwright-core."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NODE = shutil.which("node")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_node = pytest.mark.skipif(NODE is None, reason="Node is not installed")


def node_package(name):
    """The folder of an npm package, of this checkout or of NODE_PATH; skip the test where it is missing."""
    folders = [str(ROOT / "node_modules"), *os.environ.get("NODE_PATH", "").split(os.pathsep)]
    found = [Path(folder) / name for folder in folders if folder and (Path(folder) / name).is_dir()]
    if not (NODE and found):
        pytest.skip(f"Node or its package {name} is not installed: npm install")
    return found[0]


def run_node(program, *arguments):
    """Run a module's text in Node with JSON arguments as ``inputs``; what it gives to ``print``, from JSON."""
    text = (
        "const inputs = process.argv.slice(1).map((each) => JSON.parse(each));\n"
        "const print = (value) => console.log(JSON.stringify(value));\n" + program
    )
    command = [NODE, "--input-type=module", "--eval", text, "--", *map(json.dumps, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def browse(page, program, **settings):
    """Open a page in Chromium and run a program with ``page`` there; what it returns, and what the page logged.

    Args:
        page: path of the HTML file.
        program: the body of an asynchronous function of ``page``.
        settings: of the page, such as ``viewport``.
    """
    package = node_package("playwright-core")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    text = f"""
    import {{ createRequire }} from "node:module";
    const {{ chromium }} = createRequire("{package.as_posix()}/")("playwright-core");
    const browser = await chromium.launch({{ executablePath: inputs[0], args: ["--no-sandbox"] }});
    const page = await browser.newPage(inputs[2]);
    const [requests, messages] = [[], []];
    page.on("request", (request) => requests.push(request.url()));
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(error.stack));
    await page.goto(inputs[1]);
    const result = await (async (page) => {{ {program} }})(page);
    await browser.close();
    print({{ result, requests, messages }});
    """
    return run_node(text, CHROMIUM, page.as_uri(), settings)
