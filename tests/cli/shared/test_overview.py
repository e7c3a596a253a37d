import pytest

from charrnn.cli.shared.overview import Overview
from charrnn.errors import CheckpointError
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint, save_checkpoint


def test_it_counts_what_is_learned(checkpoints):
    overview = Overview.read(checkpoints / "letters" / "last.safetensors")
    assert overview.parameters == 15 * 15 + 32 * 15 + 32 * 8 + 32 + 15 * 8 + 15


@pytest.mark.parametrize("part", ["config", "vocabulary", "settings", "corpus", "progress", "epoch"])
def test_a_header_without_a_part_is_damaged(checkpoints, tmp_path, part):
    checkpoint = load_checkpoint(checkpoints / "letters" / "last.safetensors")
    del checkpoint.header[part]
    save_checkpoint(tmp_path / "damaged.safetensors", Checkpoint(checkpoint.tensors, checkpoint.header))
    with pytest.raises(CheckpointError, match=f"lacks '{part}'"):
        Overview.read(tmp_path / "damaged.safetensors")
