import time
from functools import partial

from charrnn.model.config import ModelConfig
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.settings import TrainingSettings
from charrnn.training.speed import training_speed


def test_the_speed_is_that_of_the_steps():
    config, settings = ModelConfig(vocab_size=9, hidden_size=16), TrainingSettings(batch_size=4, seq_length=8)
    measure = partial(training_speed, settings=settings, vocabulary=Vocabulary("abcdefghi"), threads=1)
    measure(config, seconds=0.0)  # compiled
    began = time.process_time()
    rate = measure(config, seconds=0.2)
    assert rate > 0
    assert time.process_time() - began > 0.05
    larger = ModelConfig(vocab_size=9, hidden_size=512)
    assert measure(larger, seconds=0.2) < rate


def test_windows_of_one_step_have_a_speed():
    settings = TrainingSettings(batch_size=1, seq_length=1)
    config = ModelConfig(vocab_size=2, hidden_size=4)
    assert training_speed(config, settings, Vocabulary("ab"), threads=1, seconds=0.0) > 0
