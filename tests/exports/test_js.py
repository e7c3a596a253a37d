import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from javascript import NODE, needs_node, run_node

import charrnn
from charrnn.exports.contract import Exported
from charrnn.exports.js import TARGET, package_name

NPM = shutil.which("npm")


@needs_node
def test_the_module_draws_what_the_program_draws(corpus, runs, tmp_path):
    for _ in charrnn.train(corpus, checkpoints=runs, hidden_size=16, batch_size=4, seq_length=16, steps=20):
        pass
    best = runs / "cat" / "best.safetensors"
    files = TARGET.files(Exported.read(best))
    assert sorted(files) == ["index.d.ts", "index.js", "package.json"]
    assert b"load(options?: LoadOptions): Writer" in files["index.d.ts"]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    main = json.loads(files["package.json"])["main"]
    program = """
    const { load } = await import(inputs[0]);
    const model = load();
    model.read("the ");
    print([model.draw({ length: 100, seed: 3 }), [...model.stream({ length: 5, seed: 1 })]]);
    """
    drawn, streamed = run_node(program, str(tmp_path / main))
    assert "the " + drawn == charrnn.load(best).sample("the ", length=100, rng_seed=3)
    assert len(streamed) == 5


@needs_node
@pytest.mark.skipif(NPM is None, reason="npm is not installed")
def test_the_folder_is_a_package_that_npm_installs(corpus, runs, tmp_path):
    for _ in charrnn.train(corpus, name="Le Chat", checkpoints=runs, hidden_size=8, batch_size=4, steps=2):
        pass
    best, package, app = runs / "Le Chat" / "best.safetensors", tmp_path / "chat-js", tmp_path / "app"
    for folder in (package, app):
        folder.mkdir()
    for name, content in TARGET.files(Exported.read(best)).items():
        (package / name).write_bytes(content)
    (app / "package.json").write_text('{"type": "module"}')
    install = [NPM, "install", "--offline", "--no-audit", "--no-fund", "--no-update-notifier", "../chat-js"]
    done = subprocess.run(install, cwd=app, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    program = (
        'import { load } from "charrnn-le-chat"; console.log(JSON.stringify(load().draw({ length: 9, seed: 3 })));'
    )
    (app / "main.js").write_text(program)
    drawn = subprocess.run([NODE, "main.js"], cwd=app, capture_output=True, check=True).stdout
    assert json.loads(drawn) == charrnn.load(best).sample(length=9, rng_seed=3)


@pytest.mark.parametrize("name", ["cat", "Příliš žluťoučký", "蛙", "..", "a/b c", "@x", "-", "x" * 300])
def test_the_name_of_a_package_is_one_that_npm_takes(name):
    found = package_name(Path("runs") / name / "best.safetensors")
    assert re.fullmatch(r"charrnn-[a-z0-9]+(-[a-z0-9]+)*", found)
    assert len(found) <= 214
