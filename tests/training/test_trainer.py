import dataclasses
import json
import math

import numpy as np
import pytest

from charrnn.errors import CheckpointError, TrainingError
from charrnn.kinds.config import make_config
from charrnn.models.language.network import Network
from charrnn.registry import names_in
from charrnn.scoring.streams import score
from charrnn.text.vocabulary import Vocabulary
from charrnn.training.events import CheckpointDue, Evaluated, Finished, RolledBack, Sampled, StepDone
from charrnn.training.settings import SCHEDULES, TrainingSettings
from charrnn.training.together import ALONE, Together
from charrnn.training.trainer import Trainer

TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 40
VOCABULARY = Vocabulary.of(TEXT)
IDS = VOCABULARY.encode(TEXT)


def make_trainer(*, val_ids=IDS[1800:], shape=None, threads=1, save_every=0, preview=True, together=ALONE, **settings):
    how = {"threads": threads, "save_every": save_every, "preview": preview, "together": together}
    config = make_config(vocab_size=len(VOCABULARY), hidden_size=16, **(shape or {}))
    settings = TrainingSettings(
        **{"batch_size": 4, "seq_length": 16, "warmup_steps": 0, "learning_rate": 0.02, **settings}
    )
    return Trainer(config, settings, VOCABULARY, IDS[:1800], val_ids, **how)


def of(events, kind):
    return [event for event in events if isinstance(event, kind)]


def without_times(events):
    timed = {"seconds": 0.0, "chars_per_second": 0.0}
    return [dataclasses.replace(e, **{k: v for k, v in timed.items() if hasattr(e, k)}) for e in events]


def test_events_tell_the_run_in_order():
    trainer = make_trainer(steps=5, eval_every=2)
    events = list(trainer.run())
    names = [type(event).__name__ for event in events]
    evaluation = ["Evaluated", "Sampled", "CheckpointDue", "CheckpointDue"]
    assert names == ["StepDone"] * 2 + evaluation + ["StepDone"] * 2 + evaluation + ["StepDone"] + evaluation + [
        "Finished"
    ]
    assert [event.step for event in of(events, StepDone)] == [1, 2, 3, 4, 5]
    assert [event.kind for event in of(events, CheckpointDue)] == ["best", "last"] * 3
    finished = events[-1]
    assert (finished.reason, finished.step) == ("steps", 5)
    assert finished.best == min(event.val_bpc for event in of(events, Evaluated))
    assert all(len(event.text) == 120 for event in of(events, Sampled))


@pytest.mark.parametrize("shape", [{}, {"model": "tdnn"}, {"cell": "gru", "dropout": 0.5}])
def test_without_previews_all_else_is_the_same(shape):
    shown, hidden = (make_trainer(steps=5, eval_every=2, shape=shape, preview=preview) for preview in (True, False))
    events, fewer = (without_times(trainer.run()) for trainer in (shown, hidden))
    assert len(of(events, Sampled)) == 3
    assert [event for event in events if not isinstance(event, Sampled)] == fewer
    (tensors, header), (others, other_header) = shown.snapshot(), hidden.snapshot()
    assert header == other_header
    assert all(np.array_equal(tensors[name], others[name]) for name in tensors)


def test_a_process_may_have_a_larger_rate_with_the_same_decay():
    class Faster(Together):
        rate_factor = 2.0

    shown, same = (
        make_trainer(steps=5, together=together, learning_rate=rate, weight_decay=decay)
        for together, rate, decay in ((Faster(), 0.02, 0.5), (ALONE, 0.04, 0.25))
    )
    rates = [event.learning_rate for event in shown.run() if isinstance(event, StepDone)]
    assert [2 * rate for rate in rates] == [event.learning_rate for event in same.run() if isinstance(event, StepDone)]
    assert np.array_equal(shown.parameters.vector, same.parameters.vector)


def test_patience_ends_a_run_that_gets_no_better_and_a_resumed_one_remembers():
    options = {"steps": 200, "eval_every": 2, "patience": 3, "learning_rate": 0.5, "clip_norm": 0}
    trainer = make_trainer(**options)
    events = list(trainer.run())
    losses = [event.val_bpc for event in of(events, Evaluated)]
    assert (events[-1].reason, events[-1].best) == ("patience", min(losses))
    assert min(losses) == losses[-4]
    assert all(min(losses[i : i + 3]) < min(losses[:i]) for i in range(1, len(losses) - 3))
    assert list(trainer.run()) == [events[-1]]
    interrupted = make_trainer(**options)
    for event in interrupted.run():
        if isinstance(event, StepDone) and event.step == events[-1].step - 1:
            interrupted.stop()
    resumed = make_trainer(**options)
    resumed.restore(*interrupted.snapshot())
    assert without_times(resumed.run())[-1] == without_times(events)[-1]


def test_it_learns():
    evaluations = of(make_trainer(steps=300, eval_every=100).run(), Evaluated)
    assert evaluations[-1].val_bpc < 0.2
    assert evaluations[-1].train_bpc < evaluations[0].train_bpc / 4


def test_train_bpc_is_the_mean_of_the_steps_since_the_last_evaluation():
    events = list(make_trainer(steps=6, eval_every=3).run())
    steps = [event.train_bpc for event in of(events, StepDone)]
    assert [e.train_bpc for e in of(events, Evaluated)] == pytest.approx([np.mean(steps[:3]), np.mean(steps[3:])])


def test_val_bpc_is_the_score_of_the_validation_text():
    trainer = make_trainer(steps=3)
    evaluated = of(trainer.run(), Evaluated)[-1]
    assert evaluated.val_bpc == score(Network(trainer.parameters), IDS[1800:]).bits_per_character


@pytest.mark.parametrize("kind", ["steps", "epochs", "minutes"])
def test_whichever_limit_comes_first_ends_the_run(kind):
    limits = {"steps": 10**6, "epochs": 10**6, "minutes": 10**6} | {
        kind: {"steps": 2, "epochs": 0.5, "minutes": 1e-9}[kind]
    }
    finished = list(make_trainer(**limits).run())[-1]
    assert finished.reason == kind
    windows = math.ceil(449 / 16)  # of an epoch: 1,800 characters in 4 streams
    assert finished.step == {"steps": 2, "epochs": math.ceil(windows / 2), "minutes": 1}[kind]


@pytest.mark.parametrize(
    ("limits", "minutes_done", "factor"),
    [
        ({"minutes": 1e5}, 0.25, 0.75),
        ({"minutes": 1e5, "steps": 1000}, 0.25, 1.0),
        ({"minutes": 1e5, "steps": 1000}, 0.9, 0.8),
        ({"minutes": 1e5, "steps": 1000}, 0.99, 0.08),
        ({"minutes": 1e5, "steps": 2}, 0.5, 1.0),
    ],
)
def test_beside_steps_the_clock_lowers_the_rate_only_at_its_end(limits, minutes_done, factor):
    trainer = make_trainer(**limits)
    trainer.clock.seconds = 60 * limits["minutes"] * minutes_done
    assert next(trainer.run()).learning_rate == pytest.approx(0.02 * factor, abs=0.02 * 0.05)


def test_without_validation_text_there_is_no_best():
    events = list(make_trainer(steps=2, val_ids=IDS[:0]).run())
    assert [event.val_bpc for event in of(events, Evaluated)] == [None]
    assert [event.kind for event in of(events, CheckpointDue)] == ["last"]


def test_stop_ends_after_the_step_with_a_checkpoint_and_no_evaluation():
    trainer = make_trainer(steps=100)
    events = []
    for event in trainer.run():
        events.append(event)
        if event.step == 3:
            trainer.stop()
    assert [type(event) for event in events[2:]] == [StepDone, CheckpointDue, Finished]
    assert events[-1].reason == "interrupted"


@pytest.mark.parametrize("steps", [7, 30])
def test_a_stop_ends_an_evaluation_under_way_and_a_resumed_run_makes_up_for_it(steps, monkeypatch):
    monkeypatch.setattr("charrnn.scoring.streams.WINDOW", 50)
    whole = make_trainer(steps=steps, eval_every=20)
    wanted = without_times(whole.run())
    stopped = make_trainer(steps=steps, eval_every=20)
    windows = []

    def run(*arguments, network_run=stopped.learner.network.run):
        windows.append(1)
        if len(windows) == 2:
            stopped.stop()
        return network_run(*arguments)

    monkeypatch.setattr(stopped.learner.network, "run", run)
    events = list(stopped.run())
    assert len(windows) == 2
    assert [type(event) for event in events[-3:]] == [StepDone, CheckpointDue, Finished]
    assert (events[-1].reason, events[-1].step) == ("interrupted", min(steps, 20))
    tensors, header = stopped.snapshot()
    resumed = make_trainer(steps=steps, eval_every=20)
    resumed.restore({name: tensor.copy() for name, tensor in tensors.items()}, header)
    assert without_times([*events[:-2], *resumed.run()]) == wanted
    assert resumed.parameters.vector.tobytes() == whole.parameters.vector.tobytes()


STACKED = {"dropout": 0.2, "num_layers": 2}


@pytest.mark.parametrize(
    ("stop_after", "shape"),
    [
        *((step, STACKED) for step in (3, 7, 29, 42, 45)),
        *((29, {"cell": cell}) for cell in names_in("cells")),
        (29, {"skip_connections": True, "num_layers": 2, "learn_initial_state": True, "precision": "float64"}),
        (29, {"model": "tdnn", "dropout": 0.2}),
    ],
)
def test_a_restored_trainer_continues_as_if_never_stopped(stop_after, shape):
    options = {"steps": 45, "eval_every": 7, "update_every": 10, "shape": shape}
    whole = make_trainer(**options)
    wanted = without_times(whole.run())
    stopped = make_trainer(**options)
    events = []
    for event in stopped.run():
        events.append(event)
        if isinstance(event, StepDone) and event.step == stop_after:
            stopped.stop()
    done = [event for event in events[:-1] if not (isinstance(event, CheckpointDue) and event is events[-2])]
    tensors, header = stopped.snapshot()
    resumed = make_trainer(**options)
    resumed.restore({name: tensor.copy() for name, tensor in tensors.items()}, header)
    got = without_times([*done, *resumed.run()])
    assert got == wanted
    assert resumed.parameters.vector.tobytes() == whole.parameters.vector.tobytes()


def test_threads_do_not_change_a_run():
    runs = [make_trainer(threads=threads, steps=12, eval_every=5) for threads in (1, 2, 5)]
    events = [without_times(trainer.run()) for trainer in runs]
    assert events[0] == events[1] == events[2]
    assert len({trainer.parameters.vector.tobytes() for trainer in runs}) == 1


def test_clipping_bounds_the_update():
    plain = make_trainer(steps=1, optimizer="sgd", learning_rate=1.0, clip_norm=0)
    before = plain.parameters.vector.copy()
    norm = of(plain.run(), StepDone)[0].grad_norm
    update = before - plain.parameters.vector
    assert np.linalg.norm(update) == pytest.approx(norm, rel=1e-4)

    by_norm = make_trainer(steps=1, optimizer="sgd", learning_rate=1.0, clip_norm=norm / 2)
    list(by_norm.run())
    assert np.linalg.norm(before - by_norm.parameters.vector) == pytest.approx(norm / 2, rel=1e-4)

    limit = float(np.abs(update).max() / 3)
    by_value = make_trainer(steps=1, optimizer="sgd", learning_rate=1.0, clip_norm=0, clip_value=limit)
    list(by_value.run())
    np.testing.assert_allclose(
        before - by_value.parameters.vector, np.clip(update, -limit, limit), rtol=1e-3, atol=1e-6
    )


def ruined_at(trainer, step, value=np.nan, array=None):
    """Events of a run whose parameters, or another array, are ruined once, after a step."""
    array = trainer.parameters.vector if array is None else array
    for event in trainer.run():
        yield event
        if isinstance(event, StepDone) and event.step == step:
            array[:] = value
            trainer.learner.network.refresh()
            step = None


def test_a_diverged_run_goes_back_and_on_at_half_the_rate():
    trainer = make_trainer(steps=30, eval_every=10, schedule="constant")
    events = list(ruined_at(trainer, 17))
    (back,) = of(events, RolledBack)
    assert (back.step, back.back_to, back.rate_factor) == (17, 10, 0.5)
    assert "loss nan nats" in back.why
    steps = of(events, StepDone)
    assert [event.step for event in steps] == [*range(1, 18), *range(11, 31)]
    assert {event.learning_rate for event in steps[17:]} == {steps[0].learning_rate / 2}
    assert [(event.step, event.rollbacks) for event in of(events, Evaluated)] == [(10, 0), (20, 1), (30, 1)]


def test_going_back_is_to_the_very_state_of_the_last_evaluation():
    trainer = make_trainer(steps=20, eval_every=10, shape={"dropout": 0.3})
    events = ruined_at(trainer, 15)
    seen = []
    for event in events:
        if isinstance(event, CheckpointDue | RolledBack) and (event.step == 10 or isinstance(event, RolledBack)):
            tensors, _ = trainer.snapshot()
            seen.append({name: tensor.copy() for name, tensor in tensors.items()})
    assert seen[0].keys() == seen[-1].keys()
    for name, tensor in seen[0].items():
        np.testing.assert_array_equal(seen[-1][name], tensor)


@pytest.mark.parametrize("save_every", [0, 1, 4])
def test_a_divergence_after_a_resume_goes_back_as_if_never_stopped(save_every):
    options = {"steps": 30, "eval_every": 10}
    whole = make_trainer(**options)
    wanted = without_times(ruined_at(whole, 17))
    stopped = make_trainer(**options, save_every=save_every)
    for event in stopped.run():
        if isinstance(event, StepDone) and event.step == 13:
            stopped.stop()
    tensors, header = stopped.snapshot()
    resumed = make_trainer(**options)
    resumed.restore({name: tensor.copy() for name, tensor in tensors.items()}, header)
    got = without_times(ruined_at(resumed, 17))
    assert got == wanted[-len(got) :]
    assert resumed.parameters.vector.tobytes() == whole.parameters.vector.tobytes()


@pytest.mark.parametrize("stop_after", [18, 20])
def test_another_learning_rate_is_the_rate_whatever_was_halved_before(stop_after):
    options = {"steps": 30, "eval_every": 10, "schedule": "constant"}
    stopped = make_trainer(**options)
    diverged = False
    for event in ruined_at(stopped, 17):
        diverged = diverged or isinstance(event, RolledBack)
        if diverged and isinstance(event, StepDone) and event.step == stop_after:
            stopped.stop()
    tensors, header = stopped.snapshot()
    for given, wanted in ((0.02, 0.01), (0.03, 0.03)):
        resumed = make_trainer(**options, learning_rate=given)
        resumed.restore({name: tensor.copy() for name, tensor in tensors.items()}, header)
        events = list(ruined_at(resumed, 25))
        rates = [event.learning_rate for event in of(events, StepDone)]
        (back,) = of(events, RolledBack)
        assert (rates[0], rates[-1]) == (wanted, wanted / 2)
        assert back.rate_factor == wanted / 2 / given


def test_a_run_that_diverges_again_and_again_is_given_up():
    trainer = make_trainer(steps=50, learning_rate=1e30, clip_norm=0)
    events = []
    with pytest.raises(TrainingError, match=r"diverged at step \d+ .* 5 times in a row .*lower --learning-rate"):
        events.extend(trainer.run())
    assert [event.rate_factor for event in of(events, RolledBack)] == [2.0**-n for n in range(1, 6)]
    assert {event.back_to for event in of(events, RolledBack)} == {0}


def test_what_is_not_sound_is_not_saved_between_evaluations():
    trainer = make_trainer(steps=12, eval_every=10, save_every=1)
    saved = [event.step for event in ruined_at(trainer, 5, 1e9) if isinstance(event, CheckpointDue)]
    assert saved[:4] == [1, 2, 3, 4]
    assert 6 not in saved[4:5]


def test_an_unsound_optimizer_or_state_is_found():
    for part in ("optimizer", "state"):
        trainer = make_trainer(steps=20, eval_every=10)
        array = trainer.optimizer.states if part == "optimizer" else trainer.state[0][1]
        events = list(ruined_at(trainer, 10 if part == "optimizer" else 9, np.inf, array))
        assert len(of(events, RolledBack)) == 1, part
        assert events[-1].reason == "steps"


def test_an_interrupt_after_a_divergence_saves_the_good_state():
    trainer = make_trainer(steps=50, eval_every=10)
    events = []
    for event in ruined_at(trainer, 15):
        events.append(event)
        if event.step == 15 and isinstance(event, StepDone):
            trainer.stop()
    assert [type(event) for event in events[-3:]] == [RolledBack, CheckpointDue, Finished]
    assert events[-2].step == 10


def test_spikes_are_counted():
    trainer = make_trainer(steps=20, eval_every=10)
    events = []
    for event in trainer.run():
        events.append(event)
        if isinstance(event, StepDone) and event.step == 15:
            trainer.progress.norm_sum /= 1000  # as if the gradients had been short before
    first, second = (event.spikes for event in of(events, Evaluated))
    assert first == 0
    assert second > 0


def test_saves_come_as_often_as_they_are_asked_for():
    events = list(make_trainer(steps=12, eval_every=6, save_every=4).run())
    assert [(event.kind, event.step) for event in of(events, CheckpointDue) if event.kind == "last"] == [
        ("last", step) for step in (4, 6, 8, 12)
    ]


def test_without_a_number_of_steps_saves_come_by_the_clock(monkeypatch):
    monkeypatch.setattr("charrnn.training.trainer.SAVE_SECONDS", 0.0)
    events = list(make_trainer(steps=3).run())
    assert [event.step for event in of(events, CheckpointDue) if event.kind == "last"] == [1, 2, 3]


def test_a_snapshot_holds_no_clock():
    snapshots = []
    for save_every in (0, 1):
        trainer = make_trainer(steps=5, eval_every=3, save_every=save_every)
        list(trainer.run())
        tensors, header = trainer.snapshot()
        snapshots.append((json.dumps(header, sort_keys=True), {name: t.tobytes() for name, t in tensors.items()}))
    assert snapshots[0] == snapshots[1]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_learning_rate_follows_the_schedule(schedule):
    options = {"steps": 60, "schedule": schedule, "decay_every": 0.5, "warmup_steps": 4, "optimizer": "sgd"}
    trainer = make_trainer(learning_rate=0.1, eval_every=20, **options)
    events = []
    lengths = []
    before = trainer.parameters.vector.copy()
    for event in trainer.run():
        events.append(event)
        if isinstance(event, StepDone):
            lengths.append(np.linalg.norm(trainer.parameters.vector - before))
            before = trainer.parameters.vector.copy()
    steps = of(events, StepDone)
    windows = math.ceil(449 / 16)
    wanted = [trainer.settings.learning_rate_at(step, step / windows, step / 60) for step in range(60)]
    assert [event.learning_rate for event in steps] == pytest.approx(wanted)
    assert len(set(wanted)) >= 4  # the warm-up, at least
    first = steps[0]
    assert lengths[0] == pytest.approx(first.learning_rate * min(1, first.grad_norm), rel=1e-3)
    assert [event.learning_rate for event in of(events, Evaluated)] == [steps[i].learning_rate for i in (19, 39, 59)]


def test_a_ruined_model_is_not_saved():
    trainer = make_trainer(steps=50, learning_rate=1e30, clip_norm=0, eval_every=1)
    events = []
    with pytest.raises(TrainingError, match=r"diverged at step \d+ .*lower --learning-rate"):
        events.extend(trainer.run())
    assert not of(events, CheckpointDue)


def test_a_snapshot_that_does_not_fit_is_an_error():
    tensors, header = make_trainer(steps=1).snapshot()
    del tensors["optimizer.first_moment"]
    with pytest.raises(CheckpointError, match="cannot be resumed"):
        make_trainer(steps=1).restore(tensors, header)


def test_a_context_of_characters_that_are_none_is_an_error():
    tensors, header = make_trainer(steps=1, shape={"model": "tdnn"}).snapshot()
    tensors["state.context_l0"][0, -1] = len(VOCABULARY) + 1
    with pytest.raises(CheckpointError, match="a state's ids must be"):
        make_trainer(steps=1, shape={"model": "tdnn"}).restore(tensors, header)
