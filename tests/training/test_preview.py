from charrnn.models.language.network import Network
from charrnn.text.vocabulary import END, Vocabulary
from charrnn.training.preview import LENGTH, preview


def test_a_preview_is_a_function_of_model_seed_and_step(make_parameters):
    model, vocabulary = Network(make_parameters(vocab_size=5, hidden_size=3)), Vocabulary("\nabcd")
    text = preview(model, vocabulary, 1, 10)
    assert len(text) == LENGTH
    assert set(text) <= set(vocabulary.symbols)
    assert preview(model, vocabulary, 1, 10) == text
    assert len({text, preview(model, vocabulary, 2, 10), preview(model, vocabulary, 1, 11)}) == 3


def test_a_preview_of_documents_shows_some_without_their_ends(make_parameters):
    model = Network(make_parameters(vocab_size=5, hidden_size=3, end_symbol=True))
    text = preview(model, Vocabulary(f"abcd{END}", documents="line"), 1, 10)
    assert "\n" in text
    assert len(text) <= LENGTH
    assert set(text) <= set("abcd\n")
