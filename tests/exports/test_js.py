import json

from javascript import needs_node, run_node

import charrnn
from charrnn.exports.contract import Exported
from charrnn.exports.js import TARGET


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
