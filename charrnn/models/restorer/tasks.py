"""All tasks of restoring, by name."""

from charrnn.models.restorer.accents import Accents
from charrnn.models.restorer.case import Case
from charrnn.models.restorer.spaces import Spaces
from charrnn.models.restorer.task import Task
from charrnn.models.restorer.typos import Typos

TASKS: dict[str, Task] = {task.name: task for task in (Accents(), Case(), Spaces(), Typos())}
