"""The engine in JavaScript against the models themselves."""

import math

import numpy as np
import pytest
from javascript import needs_node, run_node

import charrnn
from charrnn.api import Model
from charrnn.errors import ConfigError
from charrnn.kinds.config import config_for
from charrnn.models.language.network import Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.models.tdnn.network import TDNN, TDNNParameters
from charrnn.pages.module import javascript_module
from charrnn.pages.packing import pack_model
from charrnn.registry import names_in
from charrnn.text.vocabulary import END, Vocabulary

TEXT = "It was the best of times, it was the worst of times;\nit was the age of wisdom. " * 3
VOCABULARY = Vocabulary.of(TEXT)
SHAPES = {
    "1 layer": {},
    "2 layers": {"num_layers": 2},
    "all": {"num_layers": 2, "skip_connections": True, "learn_initial_state": True},
    "tied": {"num_layers": 2, "tie_embedding": True},
    "one-hot": {"embedding_size": 0},
}

READ_AND_DRAW = """
const found = [];
for (const path of inputs[0]) {
  const { load } = await import(path);
  const [fast, plain, drawing] = [load(), load({ simd: false }), load()];
  drawing.read(inputs[2]);
  found.push({
    simd: fast.simd,
    fast: fast.read(inputs[1]).map(({ nats }) => nats),
    plain: plain.read(inputs[1]).map(({ nats }) => nats),
    text: drawing.draw(inputs[3]),
  });
}
print(found);
"""
DRAWN = {"length": 1000, "seed": 5, "temperature": 0.9, "topK": 20, "topP": 0.95, "minP": 0.01}


def model_of(random, vocabulary=VOCABULARY, **options):
    """A recurrent model whose tensors are all noisy."""
    parameters = LanguageParameters(config_for(vocabulary, **{"hidden_size": 13, **options})).initialise(0)
    for tensor in parameters.tensors.values():
        tensor[:] += random.normal(0, 0.2, tensor.shape)
    return Model(Network(parameters), vocabulary)


def write_module(model, path, precision="float32"):
    packed = pack_model(model.portable(), model.vocabulary, precision)
    path.write_text(javascript_module(packed, answers=model.config.kind.answers))
    return str(path)


def nats_of(model, text):
    losses = model.score(text).losses
    return losses[~np.isnan(losses)]


@needs_node
@pytest.mark.parametrize("cell", names_in("cells"))
def test_all_cells_predict_and_draw_as_the_program_does(cell, random, tmp_path):
    models = {name: model_of(random, cell=cell, **shape) for name, shape in SHAPES.items()}
    paths = [write_module(model, tmp_path / f"{number}.mjs") for number, model in enumerate(models.values())]
    settings = {"length": 1000, "temperature": 0.9, "top_k": 20, "top_p": 0.95, "min_p": 0.01}
    for model, found in zip(models.values(), run_node(READ_AND_DRAW, paths, TEXT, "it", DRAWN), strict=True):
        wanted = nats_of(model, TEXT)
        assert found["simd"]
        for nats in (found["fast"], found["plain"]):
            assert nats[0] is None  # NaN: nothing predicts the first character
            np.testing.assert_allclose(nats[1:], wanted, atol=2e-5)
        assert "it" + found["text"] == model.sample("it", rng_seed=5, **settings)


@needs_node
def test_a_time_delay_network_predicts_and_draws_as_the_program_does(random, tmp_path):
    parameters = TDNNParameters(config_for(VOCABULARY, model="tdnn", hidden_size=13, context_size=4)).initialise(0)
    for tensor in parameters.tensors.values():
        tensor[:] += random.normal(0, 0.3, tensor.shape)
    model = Model(TDNN(parameters), VOCABULARY)
    [found] = run_node(
        READ_AND_DRAW, [write_module(model, tmp_path / "t.mjs")], TEXT, "", {"length": 200, "seed": 3, "temperature": 1}
    )
    np.testing.assert_allclose(found["fast"][1:], nats_of(model, TEXT), atol=2e-5)
    assert found["text"] == model.sample(rng_seed=3, length=200, temperature=1)


@needs_node
@pytest.mark.parametrize("separator", ["line", "||"])
def test_documents_are_independent_and_end(separator, random, tmp_path):
    vocabulary = Vocabulary("".join(sorted(set("abcdef "))) + END, documents=separator)
    model = model_of(random, vocabulary, learn_initial_state=True)
    program = """
    const { load } = await import(inputs[0]);
    const model = load();
    const words = inputs[1].map((word) => { model.restart(); return model.read(word).map(({ nats }) => nats); });
    const drawn = [1, 2, 3, 4].map((seed) => { model.restart(); model.read("ab"); return model.draw({ seed }); });
    print({ words, drawn });
    """
    between = "\n" if separator == "line" else separator
    found = run_node(program, write_module(model, tmp_path / "d.mjs"), ["fed", f"cab{between}"])
    losses = model.score(f"fed{between}cab").losses
    np.testing.assert_allclose(found["words"][0], losses[:3], atol=2e-5)
    np.testing.assert_allclose(found["words"][1], losses[4:7], atol=2e-5)
    assert ["ab" + text for text in found["drawn"]] == [model.sample("ab", rng_seed=seed) for seed in (1, 2, 3, 4)]


ODD = {
    "markup": "</script><!-- & \u2028\u2029\0\r\n\\u003c`${}'\"",
    "beyond": "a😀b𝒳c\U0010fffd ",
    "many": "".join(map(chr, range(0x4E00, 0x4E00 + 6000))),
    "bytes": bytes(range(256)).decode("latin-1"),
}


@needs_node
@pytest.mark.parametrize("name", ODD)
def test_odd_vocabularies_survive(name, random, tmp_path):
    vocabulary = Vocabulary.of(ODD[name], "byte" if name == "bytes" else "character")
    model = model_of(random, vocabulary, embedding_size=4)
    text = "héllo, 😀 </script>" if name == "bytes" else "".join(random.permutation([*ODD[name]]))[:200]
    program = """
    const { load } = await import(inputs[0]);
    const model = load();
    const read = model.read(inputs[1]);
    model.restart();
    print({ nats: read.map(({ nats }) => nats), drawn: model.draw({ length: 60, seed: 4 }) });
    """
    found = run_node(program, write_module(model, tmp_path / "odd.mjs"), text)
    np.testing.assert_allclose(found["nats"][1:], nats_of(model, text), atol=2e-5)
    assert found["drawn"] == model.sample(rng_seed=4, length=60)


@needs_node
def test_integers_of_8_bits_cost_little(corpus, runs, tmp_path):
    for _ in charrnn.train(corpus, checkpoints=runs, hidden_size=32, batch_size=4, seq_length=32, steps=150):
        pass
    model, text = charrnn.load(checkpoints=runs), "the dog sat on the mat, and the cat sat on the dog.\n" * 4
    [found] = run_node(READ_AND_DRAW, [write_module(model, tmp_path / "small.mjs", "int8")], text, "the", DRAWN)
    wanted = nats_of(model, text)
    assert abs(np.mean(found["fast"][1:]) - wanted.mean()) / math.log(2) < 0.005
    assert not np.allclose(found["fast"][1:], wanted, atol=1e-6)


@needs_node
def test_a_stop_text_ends_the_text_before_it(random, tmp_path):
    model = model_of(random)
    program = """
    const { load } = await import(inputs[0]);
    const draw = (stop) => {
      const model = load();
      model.read("it");
      return model.draw({ length: 400, seed: 2, stop });
    };
    print(inputs[1].map(draw));
    """
    stops = [["e"], ["st", "the"], ["\n"], ["no such text"]]
    drawn = run_node(program, write_module(model, tmp_path / "s.mjs"), stops)
    assert ["it" + text for text in drawn] == [model.sample("it", length=400, rng_seed=2, stop=stop) for stop in stops]


@needs_node
def test_a_state_leads_back(random, tmp_path):
    program = """
    const { load } = await import(inputs[0]);
    const model = load();
    model.read("it was ");
    const state = model.state;
    const first = [model.predict(3), model.draw({ length: 20, seed: 1 })];
    model.state = state;
    print([first, [model.predict(3), model.draw({ length: 20, seed: 1 })]]);
    """
    first, second = run_node(program, write_module(model_of(random, cell="gru-lecture"), tmp_path / "s.mjs"))
    assert first == second
    assert sum(each["probability"] for each in first[0]) < 1


def test_what_the_engine_lacks_is_refused(corpus, runs):
    for _ in charrnn.train(corpus, name="counts", checkpoints=runs, model="ngram"):
        pass
    with pytest.raises(ConfigError, match=r"ngram of order 8, .* kB of counts .*; use charrnn sample"):
        charrnn.load("counts", checkpoints=runs).portable()
