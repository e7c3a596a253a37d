import pytest

from charrnn.models.transducer.data import PairedRows
from charrnn.models.transducer.recipe import FEW_PAIRS, PAIRS_REGULARISATION, PASSES_FOR_ALL, choose_transducer
from charrnn.storage.corpus import read_corpus
from charrnn.training.plan import Draft


def draft_of(tmp_path, count, **given):
    path = tmp_path / "rows.tsv"
    path.write_text("".join(f"{number}\t{number % 7}\n" for number in range(count)))
    corpus = read_corpus(tmp_path / "corpus", [str(path)], documents="line", encoding="utf-8", as_bytes=False)
    return Draft({"task": "pairs", "minutes": 2.0, **given}, PairedRows(corpus, given))


@pytest.mark.parametrize(("count", "attention"), [(FEW_PAIRS // 2, "feeding"), (2 * FEW_PAIRS, "general")])
def test_few_rows_are_learned_with_input_feeding(tmp_path, count, attention):
    draft = draft_of(tmp_path, count)
    assert choose_transducer(draft, lambda config, settings: 1000.0) == 1000
    assert draft.config.attention == attention
    assert draft.config.dropout > 0
    assert draft.config.label_smoothing > 0


def test_what_the_user_gives_stays(tmp_path):
    draft = draft_of(tmp_path, 20, attention="none", hidden_size=10, dropout=0.0)
    choose_transducer(draft, lambda config, settings: 1000.0)
    assert (draft.config.attention, draft.config.hidden_size, draft.config.dropout) == ("none", 10, 0)


def test_fewer_passes_need_less_regularisation(tmp_path):
    draft = draft_of(tmp_path, 2 * FEW_PAIRS)
    choose_transducer(draft, lambda config, settings: draft.characters * PASSES_FOR_ALL / 2 / 120)
    full = PAIRS_REGULARISATION
    assert draft.config.dropout == pytest.approx(full["dropout"] / 2, abs=1e-3)
    assert draft.settings.weight_decay == pytest.approx(full["weight_decay"] / 2, abs=1e-3)
    assert draft.config.label_smoothing == full["label_smoothing"]
