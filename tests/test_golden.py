"""What an earlier version computed is what this one computes, on every processor; see ``golden``."""

import json

import golden
import numpy as np
import pytest

RESULTS = json.loads(golden.RESULTS.read_text())


def test_every_case_has_its_files():
    assert set(RESULTS) == set(golden.CASES) == {path.stem for path in golden.FOLDER.glob("*.safetensors")}


@pytest.mark.parametrize("case", golden.CASES)
def test_a_model_of_an_earlier_version_samples_and_scores_as_it_did(case):
    path, wanted = golden.FOLDER / f"{case}.safetensors", RESULTS[case]
    assert golden.sample(path, wanted["rng_seed"]) == wanted["samples"]
    np.testing.assert_allclose(golden.scores(path), wanted["scores"], rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", [case for case in golden.CASES if "sums" in RESULTS[case]])
def test_a_run_of_an_earlier_version_is_trained_further_as_it_was(case, tmp_path):
    sums, wanted = golden.sums(golden.train_on(tmp_path, case)), RESULTS[case]["sums"]
    assert sums.keys() == wanted.keys()
    for name, values in sums.items():
        np.testing.assert_allclose(values, wanted[name], rtol=1e-3, atol=1e-4, err_msg=name)
