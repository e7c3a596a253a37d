"""A training run as an iterator of its events, which can show a progress bar and, in a notebook, its curves."""

from collections.abc import Iterator

from charrnn.job import TrainingJob
from charrnn.markup import curves_svg
from charrnn.storage.metrics import read_metrics
from charrnn.training.events import Evaluated, Event, StepDone


class FollowedRun(Iterator[Event]):
    """The events of a training job; taking the next one trains up to it.

    An interrupt, such as that of a notebook's kernel, ends the run, which can then be resumed from its last save.

    Attributes:
        job: the job.

    Args:
        job: the job, which is closed at the end.
        progress: whether to show a progress bar: a widget in a notebook, a line on stderr elsewhere.
    """

    def __init__(self, job: TrainingJob, *, progress: bool = False) -> None:
        self.job = job
        self._events = with_bar(job) if progress else job.events()

    def __next__(self) -> Event:
        return next(self._events)

    def close(self) -> None:
        """End the run now; other jobs can then train it."""
        self._events.close()  # type: ignore[attr-defined]
        self.job.close()

    def _repr_html_(self) -> str:
        """Draw the training and validation metric over the steps; called by notebooks."""
        metric = self.job.trainer.metric
        records = [record for record in read_metrics(self.job.run.metrics) if "step" in record]
        curves = {part: [record.get(f"{part}_{metric.name}") for record in records] for part in ("train", "val")}
        return curves_svg(metric.title, [record["step"] for record in records], curves)


def with_bar(job: TrainingJob) -> Iterator[Event]:
    """Yield the job's events and show a progress bar meanwhile."""
    from tqdm.auto import tqdm

    with tqdm(total=1.0, desc=job.run.name, bar_format="{desc} {percentage:3.0f}%|{bar}|{elapsed}{postfix}") as bar:
        for event in job.events():
            if isinstance(event, StepDone):
                bar.n = event.progress
                bar.update(0)
            elif isinstance(event, Evaluated):
                shown = {name: value for name, value in event.val.items() if value is not None}
                bar.set_postfix({"step": event.step, **shown}, refresh=False)
            yield event
        bar.refresh()
