"""Whether there is memory to train: what a model takes by its shapes alone.

Beside it a process takes some 200 MB for its libraries and its compiled code.
"""

from charrnn.kinds.config import ModelConfig
from charrnn.machine import require_memory
from charrnn.optimizers.contract import find_optimizer
from charrnn.training.settings import TrainingSettings


def check_memory(config: ModelConfig, settings: TrainingSettings, steps: int) -> None:
    """Check that a model can be trained in the memory that there is.

    Args:
        config: the model's shape.
        settings: the batch and the optimizer.
        steps: T, characters of each stream in the longest batch.

    Raises:
        ConfigError: it cannot.
    """
    cost = config.kind.cost(config)
    weights = cost.weight_bytes(len(find_optimizer(settings.optimizer).states))
    activations = steps * settings.batch_size * cost.row_bytes()
    advice = cost.advice(activations=activations > weights)
    require_memory(weights + activations, "training this model", f"choose a smaller {advice}")
