"""One more agent never makes a figure worse: what `smallest_agents` bisects on, where it is not proved."""

import numpy as np
import pytest

from sim.theory import DEFINITIONS, erlang_a, erlang_k

LOADS = (0.05, 0.3, 1.0, 3.0, 10.0, 40.0, 150.0)
FALLING = ("abandonment_rate", "blocked_share", "delayed_share", "mean_wait", "asa", "occupancy")


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("patience", [None, 0.1, 1.0, 10.0])
def test_with_a_limited_line_every_figure_is_monotone_in_the_agents(
    load: float, patience: float | None
) -> None:
    agents = np.arange(1, int(2 * load) + 30)
    known = {} if patience is None else {"mean_patience": patience}
    for places in (0, 1, 2, 5, 20, 100):
        for within in (0.0, 0.1, 1.0):
            found = erlang_k(
                arrival_rate=load, mean_handle=1.0, agents=agents, max_waiting=places, within=within, **known
            )
            for metric in FALLING:
                assert np.diff(np.asarray(getattr(found, metric))).max() < 1e-11, (metric, places, within)
            for definition in DEFINITIONS:
                steps = np.diff(np.asarray(found.service_level_by(definition)))
                assert steps.min() > -1e-11, (definition, places, within)


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("patience", [0.05, 0.1, 1.0, 10.0, 100.0])
def test_the_occupancy_of_erlang_a_falls_in_the_agents(load: float, patience: float) -> None:
    agents = np.arange(1, int(2 * load) + 30)
    found = erlang_a(arrival_rate=load, mean_handle=1.0, agents=agents, mean_patience=patience)
    assert np.diff(found.occupancy).max() < 1e-12
