import charrnn
from charrnn.exports.contract import Exported
from charrnn.exports.safetensors import TARGET
from charrnn.storage.checkpoint import load_checkpoint

SMALL = {"hidden_size": 64, "batch_size": 4, "seq_length": 10, "steps": 6, "preview": False}


def test_the_file_is_the_same_model_without_what_training_needs(corpus, runs, tmp_path):
    for _ in charrnn.train(corpus, checkpoints=runs, **SMALL):
        pass
    last = runs / "cat" / "last.safetensors"
    path = tmp_path / "small.safetensors"
    path.write_bytes(TARGET.files(Exported.read(last))["model.safetensors"])
    assert charrnn.load(path).sample("the", rng_seed=1) == charrnn.load(last).sample("the", rng_seed=1)
    assert not [name for name in load_checkpoint(path).tensors if name.startswith(("optimizer.", "state.", "good."))]
    assert 2.5 * path.stat().st_size < last.stat().st_size
