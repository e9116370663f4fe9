"""Play the points of a sweep into its store, from wherever the store stands."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from pathlib import Path
from typing import NamedTuple

from sim.errors import InputError, shown
from sim.experiments.design import Sweep
from sim.experiments.entries import Store
from sim.experiments.playing import Played, Settings, Task, sentence
from sim.experiments.replicate import engine_named
from sim.experiments.select import LARGER
from sim.experiments.store import opened
from sim.experiments.tasks import Piece, Work, contacts_by_demand
from sim.experiments.workers import Workers, gone, workers_for

AHEAD = 2  # tasks for each worker beside the one it is at
LOOK = 1.0  # s between two looks at the workers while nothing comes
RANKED = 3  # points that are shown as the best so far


class Standing(NamedTuple):
    """How far a sweep is.

    points, of_points: finished, and in all; contacts: played by this run; left: contacts still to be expected;
    failed: points that could not be played; best: a function that asks for the best (number, value) so far.
    """

    points: int
    of_points: int
    contacts: float
    left: float
    failed: int
    best: Callable[[], list[tuple[int, float]]]


Tell = Callable[[Standing], None]


class Done(NamedTuple):
    """What came of a run.

    points, of_points: finished now or before, and in all; contacts: played by this run; failed: (number, sentence).
    """

    points: int
    of_points: int
    contacts: float
    failed: list[tuple[int, str]]


def run_sweep(
    sweep: Sweep,
    out: Path,
    version: str,
    *,
    engine: str = "compiled",
    jobs: int = 1,
    executor: Executor | None = None,
    cluster: str | None = None,
    shard: tuple[int, int] | None = None,
    tell: Tell | None = None,
) -> Done:
    """Play every point of a sweep that its store lacks; results do not depend on who plays them, or in what order.

    version: what the store says it was made by. executor, cluster: as in `workers_for`. shard: (k, n), to play only
    the points whose number leaves k − 1 when divided by n. tell: called after every result.
    """
    engine_named(engine)
    if executor is not None and not callable(getattr(executor, "submit", None)):
        raise InputError(f"{shown(executor)} is no executor of concurrent.futures", path="executor")
    with opened(out, sweep, version) as (connection, kept):
        store, settings = Store(out, connection, kept), Settings(sweep.seed, engine, kept)
        course = _Course(sweep, store, settings, shard, tell)
        if course.open:
            store.check_sound()
            with workers_for(sweep.scenario, settings, jobs, executor, cluster) as workers:
                _play(course, workers, cluster)
            store.check_sound()
        store.check_in_place()
        failed = [(number, said) for number, said in store.errors() if number in course.numbers]
        return Done(course.finished, len(course.numbers), course.contacts, failed)


def shard_from(text: str | None) -> tuple[int, int] | None:
    """`3/50` as (3, 50): the third of fifty parts; None is the whole."""
    if text is None:
        return None
    part, slash, parts = text.partition("/")
    if not (slash and part.strip().isdecimal() and parts.strip().isdecimal()):
        raise InputError(f"{shown(text)} is not K/N, as in 3/50", file="--shard")
    if not 1 <= int(part) <= int(parts):
        raise InputError(
            f"there is no part {int(part)} of {int(parts)}; give 1 to {parts.strip()}", file="--shard"
        )
    return int(part), int(parts)


class _Course:
    """A run under way: what is left, what is held back, and how much is done."""

    def __init__(
        self, sweep: Sweep, store: Store, settings: Settings, shard: tuple[int, int] | None, tell: Tell | None
    ) -> None:
        self.sweep, self.store, self.settings, self._tell = sweep, store, settings, tell
        stored = store.replications()
        part, parts = shard or (1, 1)
        points = ((*stored[point.key], point.overrides) for point in sweep.points)
        places = {n: (count, overrides) for n, count, overrides in points if n % parts == part - 1}
        self.numbers = places.keys()  # a design may come to one point twice
        wide = store.too_wide(sweep.margin) if sweep.margin else set()
        contacts = contacts_by_demand(sweep.scenario)
        pieces = [
            piece
            for number, (count, overrides) in places.items()
            if (piece := self._following(Piece(number, overrides, 0.0, 0, count), number in wide)) is not None
        ]
        pieces = [piece._replace(contacts=contacts(piece.overrides)) for piece in pieces]
        self.open = {piece.number: piece for piece in pieces}
        self.work = Work(pieces, settings.engine)
        self.left, self.contacts, self.failed = self.work.expected(), 0.0, 0
        self._held: dict[tuple[int, int], tuple[Task, Played]] = {}
        self._stored = {piece.number: piece.first for piece in pieces}

    @property
    def finished(self) -> int:
        """Points with nothing left to play."""
        return len(self.numbers) - len(self.open)

    def _following(self, played: Piece, wide: bool) -> Piece | None:
        """What a point is to play next, played so far: a block, or up to the next whole one."""
        count, block = played.stop, self.sweep.replications
        if not self.sweep.margin:
            return played._replace(first=count, stop=block) if count < block else None
        most = max(self.sweep.max_replications, block)
        if count >= most or (count and count % block == 0 and not wide):
            return None
        return played._replace(first=count, stop=min((count // block + 1) * block, most))

    def take(self, task: Task, played: Played) -> None:
        """Store a result, and whatever waited for it."""
        self.contacts += played.contacts
        first = task.replications.start
        if any(self._stored[number] != first for number in task.numbers):
            self._held[task.numbers[0], first] = (task, played)  # an earlier part of this point is still out
            return
        while True:
            self._store(task, played)
            following = self._held.pop((task.numbers[0], task.replications.stop), None)
            if following is None:
                break
            task, played = following
        if self._tell is not None:
            self._tell(self.standing())

    def _store(self, task: Task, played: Played) -> None:
        self.store.write(task, played.points)
        stop = task.replications.stop
        wide = self.store.too_wide(self.sweep.margin, task.numbers) if self.sweep.margin else set()
        for number, point in zip(task.numbers, played.points, strict=True):
            piece = self.open[number]._replace(first=task.replications.start, stop=stop)
            self.left -= piece.cost
            if isinstance(point, str):
                self.failed += 1
                self._stored[number] = -1
                continue
            self._stored[number] = stop
            following = self._following(piece, number in wide)
            if following is None:
                del self.open[number]
            elif self.sweep.margin and stop % self.sweep.replications == 0:
                self.work.add(following)
                self.left += following.cost

    def standing(self) -> Standing:
        """How far it is."""
        best = self.sweep.best
        return Standing(
            self.finished,
            len(self.numbers),
            self.contacts,
            max(0.0, self.left),
            self.failed,
            lambda: self.store.best(best, best in LARGER, RANKED),
        )


def _play(course: _Course, workers: Workers, cluster: str | None) -> None:
    """Keep all workers busy, and take their results as they come."""
    course.work.share_out(workers.threads())
    running: dict[Future[Played], Task] = {}
    try:
        while True:
            while len(running) < (1 + AHEAD) * workers.threads() and (task := course.work.next_task()):
                running[workers.submit(task)] = task
            if not running:
                return
            done, _ = wait(running, timeout=LOOK, return_when=FIRST_COMPLETED)
            if not done:
                workers.check()
                course.store.check_in_place()
            for future in done:
                task = running.pop(future)
                for one, played in _results(course, future, task, cluster):
                    course.take(one, played)
    except BaseException:
        for future in running:
            future.cancel()
        raise


def _results(
    course: _Course, future: Future[Played], task: Task, cluster: str | None
) -> Iterator[tuple[Task, Played]]:
    """What a worker gave back; a task that broke its worker is played again point by point, to see whose it is."""
    try:
        yield task, future.result()
    except (CancelledError, BrokenExecutor):
        raise gone(cluster) from None
    except InputError:
        raise
    except Exception as error:
        if len(task.numbers) > 1:
            course.work.add_apart(task)
        else:
            yield task, Played([sentence(error)], 0.0)
