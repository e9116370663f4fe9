"""Our two engines, all in: dealing, playing, totals, and the estimate and margin of every metric."""

from typing import Any

from workloads import Row, document

import sim


def prepared(work: str) -> sim.Scenario:
    """The scenario of a work."""
    return sim.Scenario(**document(work))


def play(scenario: sim.Scenario, days: int, seed: int, engine: str, jobs: int) -> sim.Result:
    """Deal, play and total: the part of the work that grows with the calls."""
    return sim.simulate(scenario, replications=days, seed=seed, engine=engine, jobs=jobs, by_interval=False)


def estimate(result: sim.Result) -> None:
    """Every metric of every queue and group with its margin, as `--json` prints them."""
    result.to_dict()


def rows(result: sim.Result) -> list[Row]:
    """A row for each day; calls of the warm-up, which our totals leave out, are added as expected."""
    names = ["offered", "abandoned", "wait", "within_target"]
    table: Any = result.replications()[names].groupby(level=0).sum()
    length = result.scenario.grid.count * result.scenario.interval
    more = length / (length - result.scenario.warm_up)
    return [(more * row[0], *row) for row in table.itertuples(index=False, name=None)]
