"""Check that there is enough memory to train a model; the need is computed from its shapes alone.

A process needs about 200 MB more for libraries and compiled code.
"""

from charrnn.kinds.config import ModelConfig
from charrnn.machine import require_memory
from charrnn.optimizers.contract import find_optimizer
from charrnn.training.settings import TrainingSettings


def check_memory(config: ModelConfig, settings: TrainingSettings, steps: int) -> None:
    """Check that a model can be trained in the available memory.

    Args:
        config: the model's shape.
        settings: the batch and the optimizer.
        steps: T, the steps of the longest batch.

    Raises:
        ConfigError: training needs more than the available memory.
    """
    cost = config.kind.cost(config)
    weights = cost.weight_bytes(len(find_optimizer(settings.optimizer).states))
    activations = steps * settings.batch_size * cost.row_bytes()
    advice = cost.advice(activations=activations > weights)
    require_memory(weights + activations, "training this model", f"choose a smaller {advice}")
