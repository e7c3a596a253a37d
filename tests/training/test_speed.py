import time

from charrnn.model.config import ModelConfig
from charrnn.training.settings import TrainingSettings
from charrnn.training.speed import training_speed


def test_the_speed_is_that_of_the_steps():
    config, settings = ModelConfig(vocab_size=9, hidden_size=16), TrainingSettings(batch_size=4, seq_length=8)
    training_speed(config, settings, threads=1, seconds=0.0)  # compiled
    began = time.process_time()
    rate = training_speed(config, settings, threads=1, seconds=0.2)
    assert rate > 0
    assert time.process_time() - began > 0.05
    larger = ModelConfig(vocab_size=9, hidden_size=512)
    assert training_speed(larger, settings, threads=1, seconds=0.2) < rate
