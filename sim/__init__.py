"""Call-centre simulation: arrivals, staffing, abandonment and redials, compared by waits and lost customers.

import sim

scenario = sim.load("configs/support_line.yaml")
result = sim.simulate(scenario, replications=200, seed=1)
comparison = sim.compare(scenario)
figures = sim.theory.erlang_a(arrival_rate=0.8, mean_handle=60, agents=50, mean_patience=120)
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "load": "sim.verbs.given",
    "simulate": "sim.verbs.play",
    "compare": "sim.verbs.play",
    "explain": "sim.verbs.search",
    "sweep": "sim.verbs.sweeps",
    "staff": "sim.verbs.search",
    "schedule": "sim.verbs.search",
    "fit": "sim.verbs.history",
    "replay": "sim.verbs.history",
    "backtest": "sim.verbs.history",
    "deal": "sim.verbs.play",
    "trace": "sim.verbs.play",
    "Scenario": "sim.scenario.schema",
    "Result": "sim.reports.results",
    "Comparison": "sim.reports.results",
    "SweepResult": "sim.reports.sweeps",
    "InputError": "sim.errors",
}
__all__ = [*_HOMES, "__version__", "theory"]

if TYPE_CHECKING:
    from sim import theory as theory
    from sim.errors import InputError as InputError
    from sim.reports.results import Comparison as Comparison
    from sim.reports.results import Result as Result
    from sim.reports.sweeps import SweepResult as SweepResult
    from sim.scenario.schema import Scenario as Scenario
    from sim.verbs.given import load as load
    from sim.verbs.history import backtest as backtest
    from sim.verbs.history import fit as fit
    from sim.verbs.history import replay as replay
    from sim.verbs.play import compare as compare
    from sim.verbs.play import deal as deal
    from sim.verbs.play import simulate as simulate
    from sim.verbs.play import trace as trace
    from sim.verbs.search import explain as explain
    from sim.verbs.search import schedule as schedule
    from sim.verbs.search import staff as staff
    from sim.verbs.sweeps import sweep as sweep


def __getattr__(name: str) -> Any:
    """Import a verb when it is first asked for, so that `import sim` and `ccsim --help` stay instant."""
    from importlib import import_module

    if name == "theory":
        return import_module("sim.theory")
    if name not in _HOMES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
