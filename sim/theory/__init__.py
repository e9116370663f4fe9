"""Formulas for queues of calls, usable alone: exact where a formula exists, in log space, for 5 agents and 50,000.

| function | model | answers |
| --- | --- | --- |
| `erlang_b`, `erlang_c`, `erlang_a` | M/M/n/n, M/M/n, M/M/n+M | all figures of one queue |
| `erlang_k` | M/M/n/K and M/M/n/K+M | the same with a limited line |
| `erlang_g` | M/M/n+G | the same with any patience, balking, callers who never hang up |
| `priorities` | M/M/n, non-preemptive classes | waits and service levels by class |
| `smallest_agents`, `agents_by_interval` | all but priorities | the fewest agents that meet targets |
| `halfin_whitt`, `garnett`, `garnett_abandonment`, `staff_…` | the three regimes of large centres | rules of thumb |
| `lagged_rates`, `modified_offered_load`, `day_by_interval` | a day, interval by interval | SIPP and its corrections |
| `forward_day` | M(t)/M/n(t)+M | what such a day really does |

Rates are per second, times seconds, shares fractions. Arguments are given by name, and those of one queue may be
arrays that broadcast; scalars in, plain numbers out. Wrong input raises `InputError` with one sentence.
"""

from sim.theory.erlang import Loss, erlang_a, erlang_b, erlang_c
from sim.theory.figures import DEFINITIONS, Figures
from sim.theory.forward import ForwardDay, forward_day
from sim.theory.limited import erlang_k
from sim.theory.patience import erlang_g
from sim.theory.priorities import Classes, priorities
from sim.theory.profiles import (
    Day,
    OfferedLoad,
    agents_by_interval,
    day_by_interval,
    effective_rates,
    lagged_rates,
    modified_offered_load,
)
from sim.theory.staffing import (
    garnett,
    garnett_abandonment,
    halfin_whitt,
    smallest_agents,
    staff_balanced,
    staff_efficiency_driven,
    staff_quality_driven,
)

__all__ = [
    "DEFINITIONS",
    "Classes",
    "Day",
    "Figures",
    "ForwardDay",
    "Loss",
    "OfferedLoad",
    "agents_by_interval",
    "day_by_interval",
    "effective_rates",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "erlang_g",
    "erlang_k",
    "forward_day",
    "garnett",
    "garnett_abandonment",
    "halfin_whitt",
    "lagged_rates",
    "modified_offered_load",
    "priorities",
    "smallest_agents",
    "staff_balanced",
    "staff_efficiency_driven",
    "staff_quality_driven",
]
