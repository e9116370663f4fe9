"""A scenario with its evidence: every figure of it with its interval and the number of observations."""

from dataclasses import dataclass
from functools import cached_property

from sim.history.arrivals import Volumes
from sim.history.contacts import Account
from sim.history.days import Window
from sim.history.durations import Durations
from sim.history.duty import Group
from sim.history.happened import Happened
from sim.history.kinds import ClassFit
from sim.history.returns import Redials, Transfers
from sim.history.survival import Patience
from sim.measures.estimate import Estimate
from sim.scenario.schema import Scenario


@dataclass(frozen=True)
class QueueFit:
    """One queue: its contacts by outcome, and what they say of it; None where the log says nothing.

    name: as in the log; written: as in the scenario. first_attempts: what turns all contacts into those that come
    by themselves, redials and talks left out taken off. known: the share whose customer is known. ivr: seconds before
    joining; ivr_hang_ups: of all contacts.
    left_out: the share of talks that were shorter than asked for. happened: what a run is held against; classes: of its
    customers, where the log knows any.
    """

    name: str
    written: str
    contacts: int
    answered: int
    abandoned: int
    volumes: Volumes
    level: Estimate
    first_attempts: float
    talk: Durations
    own_talk: bool
    wrap: Durations | None
    patience: Patience | None
    known: float
    redials: Redials | None
    transfers: Transfers | None
    ivr: Durations | None
    ivr_hang_ups: Estimate
    left_out: float
    happened: Happened | None = None
    classes: tuple[ClassFit, ...] = ()


@dataclass(frozen=True)
class GroupFit:
    """Agents who serve the same queues: names as in the scenario, the estimate, and the staffing made of it.

    estimate is None where no agent was known and the staffing is assumed.
    """

    name: str
    skills: tuple[str, ...]
    estimate: Group | None
    staffing: tuple[int, ...]


@dataclass(frozen=True)
class Fit:
    """A scenario with its evidence; happened, patience: of the contacts of all queues, where there are several."""

    account: Account
    zone: str
    window: Window
    queues: tuple[QueueFit, ...]
    groups: tuple[GroupFit, ...]
    correlations: tuple[tuple[str, str, Estimate], ...]
    wrap_gap: Durations | None
    remarks: tuple[str, ...]
    happened: Happened | None = None
    patience: Patience | None = None

    @property
    def contacts(self) -> int:
        return sum(queue.contacts for queue in self.queues)

    @cached_property
    def yaml(self) -> str:
        """The scenario as a commented YAML document."""
        from sim.history.writing import written

        return written(self)

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario, ready to run."""
        from sim.scenario.load import from_source
        from sim.scenario.source import parse

        return from_source(parse(self.yaml))
