"""An override changes what its path names and nothing else, or is refused in one sentence."""

from typing import Any

import pytest

from sim.errors import InputError
from sim.scenario.load import from_source
from sim.scenario.plans import read_assignment
from sim.scenario.schema import Scenario
from sim.scenario.source import parse

TEXT = """\
opens: 08:00
closes: 10:00
interval: 30 min
queues:
  support:
    arrivals: {per_interval: {"08:00": 10, "09:00": 20}}
    talk: {distribution: lognormal, mean: 4 min, cv: 1.1}
    patience: {distribution: exponential, mean: 1 min}
  billing:
    arrivals: {rate: 30 / h}
    talk: {distribution: exponential, mean: 5 min}
agents:
  front:
    staffing: [2, 3, 3, 5]
    skills: [support]
plans:
  today: {}
  two fewer, 10-11: {agents.front.staffing: {add: -1}}
"""


def scenario() -> Scenario:
    return from_source(parse(TEXT, "s.yaml"))


def staffing(change: Any) -> tuple[int, ...]:
    return scenario().with_({"agents.front.staffing": change}).agents["front"].staffing


@pytest.mark.parametrize(
    ("change", "result"),
    [
        ({"add": 1}, (3, 4, 4, 6)),
        ({"add": -2}, (0, 1, 1, 3)),
        ({"scale": 1.5}, (3, 5, 5, 8)),
        ({"scale": "50%"}, (1, 2, 2, 3)),
        ({"scale": 1.1}, (2, 3, 3, 6)),
        ({"08:30-09:30": {"add": 1}}, (2, 4, 4, 5)),
        ({"08:00-08:30": {"scale": 2}, "09:30-10:00": {"add": -1}}, (4, 3, 3, 4)),
        ({"08:30-09:30": 7}, (2, 7, 7, 5)),
        (4, (4, 4, 4, 4)),
        ([1, 1, 1, 1], (1, 1, 1, 1)),
        ({"08:00": 1, "09:00": 2}, (1, 1, 2, 2)),
    ],
)
def test_staffing_is_replaced_added_to_or_scaled_and_rounded_half_up(
    change: Any, result: tuple[int, ...]
) -> None:
    assert staffing(change) == result


def test_shares_durations_rates_and_numbers_can_be_changed_wherever_they_stand() -> None:
    made = scenario().with_(
        {
            "queues.support.talk.mean": {"scale": 1.5},
            "queues.support.patience.mean": {"add": "-30 s"},
            "queues.support.arrivals.volume": {"scale": "110%"},
            "queues.support.arrivals.per_interval": {"09:00-09:30": {"add": 2}},
            "queues.billing.arrivals.rate": {"scale": 2},
            "queues.support.balks": {"add": "5%"},
            "queues.support.max_waiting": 10,
            "queues.support.service_level.target": {"add": 0.1},
            "agents.front.skills.support.handle_factor": {"scale": 1.2},
            "agents.front.skills.billing": {"level": 2},
            "seed": {"add": 1},
        }
    )
    support, billing = made.queues["support"], made.queues["billing"]
    assert support.talk.mean == pytest.approx(360)
    assert support.patience is not None and support.patience.mean == pytest.approx(30)
    assert support.expected(made.grid) == pytest.approx([11, 11, 24.2, 22])
    assert billing.expected(made.grid) == pytest.approx([30] * 4)
    assert support.balks == pytest.approx(0.05)
    assert support.service_level.target == pytest.approx(0.9)
    assert made.agents["front"].skills["support"].handle_factor == pytest.approx(1.2)
    assert made.agents["front"].skills["billing"].level == 2
    assert made.seed == 2
    assert made.with_({"queues.support.max_waiting": {"add": 1}}).queues["support"].max_waiting == 11


def test_null_removes_and_a_value_replaces_whole() -> None:
    made = scenario().with_(
        {
            "queues.support.patience": None,
            "queues.support.redial.share": None,
            "queues.support.callback": {"offer": "always", "accept": "40%"},
            "queues.billing.talk": {"distribution": "constant", "value": "1 min"},
        }
    )
    assert made.queues["support"].patience is None
    assert made.queues["support"].redial is None
    assert made.queues["support"].callback is not None and made.queues["support"].callback.offer.always
    assert made.queues["billing"].talk.cv is None


def test_overrides_are_carried_out_in_the_order_given() -> None:
    made = scenario().with_(
        {
            "queues.support.redial": {
                "share": "10%",
                "after": {"distribution": "constant", "value": "9 min"},
            },
            "queues.support.redial.share": {"add": "5%"},
        }
    )
    assert made.queues["support"].redial is not None
    assert made.queues["support"].redial.share == pytest.approx(0.15)


WEEK = """\
days: 7
starts: monday
interval: 12 h
shift_types:
  full: {length: 8 h}
queues:
  support:
    arrivals: {per_interval: {"00:00": 10, "sat-sun 00:00": 2}}
    talk: {distribution: lognormal, mean: {"00:00": 4 min, "12:00": 5 min}, cv: 1.1}
    transfer: {to: billing, share: 10%}
    customer_value: {distribution: lognormal, mean: 120, cv: 1}
    classes: {vip: {share: 10%}}
  billing:
    arrivals: {rate: 30 / h}
    talk: {distribution: exponential, mean: 5 min}
    transfer: [{to: support, share: 1%}]
agents:
  front:
    shifts:
      early: {type: full, starts: 07:00, agents: 8}
    skills: [support]
  desk:
    staffing: 3
    skills: {support: {at_once: 2, slowdown: [1, 1.2]}}
"""


def week(overrides: Any) -> Scenario:
    return from_source(parse(WEEK, "s.yaml")).with_(overrides)


@pytest.mark.parametrize(
    ("change", "added"),
    [
        ({"12:00-24:00": {"add": 1}}, (0, 1) * 7),
        ({"mon 12:00-24:00": {"add": 1}}, (0, 1) + (0,) * 12),
        ({"mon-fri 00:00-12:00": {"add": 1}}, (1, 0) * 5 + (0,) * 4),
        ({"sat-mon 00:00-12:00": {"add": 1}}, (1, 0) + (0,) * 8 + (1, 0, 1, 0)),
        ({"sun 12:00-12:00": {"add": 1}}, None),
        ({"wed 12:00-00:00": 4, "thu 00:00-24:00": {"add": 2}}, (0,) * 5 + (1, 2, 2) + (0,) * 6),
        ({"fri 12:00-12:30": {"add": 1}}, None),
        ({"add": 1}, (1,) * 14),
        ({"00:00": 3, "sat 12:00": 5, "sun 00:00": 4}, (0,) * 11 + (2, 1, 1)),
    ],
)
def test_in_a_week_a_span_changes_every_day_and_one_with_weekdays_only_those(change: Any, added: Any) -> None:
    if added is None:
        with pytest.raises(InputError, match=r"is empty: write two clock times|is not on the grid"):
            week({"agents.desk.staffing": change})
        return
    made = week({"agents.desk.staffing": change}).agents["desk"].staffing
    assert made == tuple(3 + more for more in added)


def test_one_shift_a_class_and_a_transfer_are_changed_by_path() -> None:
    made = week(
        {
            "agents.front.shifts.early.agents": {"add": 2},
            "agents.front.shifts.late": {"type": "full", "starts": "15:00", "agents": 1},
            "agents.front.absence": "4%",
            "shift_types.full.paid": "7 h",
            "queues.support.transfer.share": {"scale": 2},
            "queues.support.classes.vip.share": {"add": "5%"},
            "queues.support.classes.new": {"share": "1%"},
            "queues.support.customer_value.mean": {"scale": 2},
            "queues.billing.customer_value": {"add": 10},
            "queues.support.talk.mean": {"sat-sun 12:00-24:00": {"add": "1 min"}},
            "queues.support.hours": "08:00-18:00",
            "agents.desk.skills.support.slowdown": {"scale": 2},
            "agents.desk.skills.support.score.base": -3,
            "events": [{"at": "tue 10:00", "for": "1 h", "lines": 0}],
        }
    )
    shifts, support = made.agents["front"].shifts or {}, made.queues["support"]
    assert (shifts["early"].agents, shifts["late"].agents) == (10, 1)
    assert support.transfer[0].share == pytest.approx(0.2)
    assert {name: one.share for name, one in support.classes.items()} == pytest.approx(
        {"vip": 0.15, "new": 0.01}
    )
    assert support.value.mean == pytest.approx(240) and made.queues["billing"].value.mean == 10
    assert support.talk.means(made.grid) == pytest.approx([240, 300] * 5 + [240, 360] * 2)
    assert made.agents["desk"].skills["support"].slowdown == (2, 2.4)
    assert made.events[0].lines == 0
    removed = made.with_({"agents.front.shifts.late": None, "queues.support.transfer": None})
    assert list(removed.agents["front"].shifts or ()) == ["early"] and not removed.queues["support"].transfer


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("agents.front.shifts.erly.agents", {"add": 2}, 'there is no shift "erly" (did you mean "early"?)'),
        ("agents.front.shifts.erly", None, 'there is no shift "erly" (did you mean "early"?)'),
        ("agents.front.shifts.early.agents", {"add": -9}, "{add: -9} makes 8 negative (-1); change it by less"),
        ("agents.front.staffing", {"add": 1}, "has no value yet that could be changed; give the value itself"),
        ("queues.support.customer_value", {"add": 1}, "holds a distribution; change one of its numbers"),
        ("queues.billing.transfer.share", 0.1, '"transfer" has no keys of its own that could be overridden'),
        ("queues.support.transfer.shr", 0.1, 'the schema knows no "shr" here (did you mean "share"?)'),
        ("agents.desk.staffing", {"fry 00:00-12:00": 1}, 'staffing.fry 00:00-12:00: "fry" is not a weekday'),
        ("starts", None, "names a weekday, and the scenario does not say on which one it begins: add starts"),
        ("days", 5, 'per_interval.sat-sun 00:00: "sat-sun 00:00" is outside the horizon, 120 h from mon 00:00'),
    ],
)  # fmt: skip
def test_an_override_that_does_not_fit_a_week_is_refused(path: str, value: Any, said: str) -> None:
    with pytest.raises(InputError) as caught:
        week({path: value})
    assert said in str(caught.value)


def test_a_plan_is_taken_by_name_and_the_first_without_one() -> None:
    base = scenario()
    assert base.under(None) == base.under("today") == base
    assert base.under("two fewer, 10-11").agents["front"].staffing == (1, 2, 2, 4)
    assert base.under({"agents.front.staffing": 9}).agents["front"].staffing == (9,) * 4
    with pytest.raises(
        InputError, match=r'no plan "tody" \(did you mean "today"\?\); the plans are "today", "two f'
    ):
        base.under("tody")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            "agents.front.stafing",
            1,
            'agents.front.stafing: the schema knows no "stafing" here (did you mean "staffing"?)',
        ),
        ("agents.frnt.staffing", 1, 'agents.frnt.staffing: there is no group "frnt" (did you mean "front"?)'),
        (
            "queues.suport.balks",
            0,
            'queues.suport.balks: there is no queue "suport" (did you mean "support"?)',
        ),
        ("agents.front.skills.bob.level", 1, 'agents.front.skills.bob.level: there is no queue "bob"'),
        ("queues.new", {}, 'queues.new: there is no queue "new"'),
        (
            "agents.front.staffing.08:00",
            1,
            '"staffing" has no keys of its own that could be overridden; replace it whole',
        ),
        (
            "agents.front.staffing",
            {"add": -3},
            "agents.front.staffing: {add: -3} makes 2 negative (-1); change it by less",
        ),
        ("agents.front.staffing", {"add": 1.5}, "agents.front.staffing.add: 1.5 is not a whole number"),
        ("agents.front.staffing", {"scale": -1}, "agents.front.staffing.scale: -1 must not be negative"),
        ("agents.front.staffing", {"add": 1, "scale": 2}, "is not a change; write {add: x} or {scale: x}"),
        (
            "agents.front.staffing",
            {"08:10-09:00": {"add": 1}},
            'staffing.08:10-09:00: the start of "08:10-09:00" is not on the grid',
        ),
        (
            "agents.front.staffing",
            {"08:00-11:00": {"add": 1}},
            'the end of "08:00-11:00" is outside the horizon, 08:00 to 10:00',
        ),
        (
            "agents.front.staffing",
            {"09:00-08:30": {"add": 1}},
            'staffing.09:00-08:30: the span "09:00-08:30" is empty or outside',
        ),
        ("agents.front.staffing", {"08:00-09:00": {"add": 1}, "add": 1}, "cannot stand side by side"),
        (
            "agents.front.staffing",
            {"08:00-09:00": {"scale": -1}},
            "staffing.08:00-09:00.scale: -1 must not be negative",
        ),
        (
            "queues.support.talk.mean",
            {"add": 5},
            'queues.support.talk.mean.add: "5" needs a unit, as in "5 s"',
        ),
        (
            "queues.support.talk.mean",
            {"add": "-5 min"},
            'talk.mean: {add: -5 min} makes "4 min" negative (-60); change',
        ),
        (
            "queues.support.service_level.target",
            {"add": "30%"},
            "{add: 30%} makes 0.8 into 1.1, which cannot be",
        ),
        (
            "queues.support.max_waiting",
            {"add": 1},
            "has no value yet that could be changed; give the value itself",
        ),
        (
            "name",
            {"add": 1},
            "name: only numbers, shares, durations and lists of them can be added to or scaled",
        ),
        ("queues.support.talk", None, "queues.support.talk: is missing; it is required here"),
        ("queues.support.ivr", {}, "queues.support.ivr.time: is missing; it is required here"),
        ("queues.support.arrivals", {"trace": "x.csv"}, "queues.support.arrivals.trace: x.csv: no such file"),
        ("agents.front.absence", "100%", 'agents.front.absence: "100%" leaves nobody at work'),
        ("days", 7, "closes: days says how long the scenario is: leave out closes, or days"),
        (
            "agents.front.staffing",
            {"mon 08:00-09:00": {"add": 1}},
            'staffing.mon 08:00-09:00: "mon 08:00-09:00" names a weekday, and the scenario does not say on which',
        ),
        ("agents.front.shifts.early.agents", {"add": 1}, 'there is no shift "early"'),
        ("queues.support.classes.vip", None, 'queues.support.classes.vip: there is no class "vip"'),
        (
            "queues.support.classes.vip.share",
            "3%",
            'queues.support.classes.vip.share: there is no class "vip"',
        ),
        ("queues.support.transfer.share", "3%", '"transfer" has no keys of its own that could be overridden'),
        ("shift_types.full.length", "8 h", 'shift_types.full.length: there is no shift type "full"'),
        ("agents.front.shifts", {}, "agents.front.shifts: stands beside staffing; give exactly one of"),
        ("schema", 1, "schema: cannot be overridden"),
        ("plans.today", {}, "plans.today: cannot be overridden"),
        (
            "agents.front.skills.support.level",
            {"08:00-09:00": {"add": 1}},
            '"08:00-09:00" is a span of the day, and this has no value for each interval; write one value',
        ),
        ("closes", "11:00", None),
        ("length", "4 h", "give exactly one of closes and length"),
        ("agents.front.staffing", 0, "no agents anywhere"),
        (".", 1, 'the schema knows no "" here'),
    ],
)
def test_an_override_that_cannot_be_is_refused_with_its_path(path: str, value: Any, said: str | None) -> None:
    if said is None:
        assert len(scenario().with_({path: value, "agents.front.staffing": 1}).agents["front"].staffing) == 6
        return
    with pytest.raises(InputError) as caught:
        scenario().with_({path: value})
    assert said in str(caught.value)


@pytest.mark.parametrize("key", ["seed", "replications"])
def test_a_plan_cannot_have_a_seed_or_replications_of_its_own(key: str) -> None:
    text = TEXT.replace("agents.front.staffing: {add: -1}", f"{key}: 3")
    with pytest.raises(
        InputError, match=rf"line 18: plans.two fewer, 10-11.{key}: is the same for every plan"
    ):
        from_source(parse(text, "s.yaml"))
    with pytest.raises(InputError, match="the same for every plan"):
        scenario().under({key: 3})


def test_an_error_in_a_plan_names_the_plan_and_the_line_of_the_override() -> None:
    text = TEXT.replace(
        "{agents.front.staffing: {add: -1}}",
        "\n    queues.support.balks: 3%\n    agents.front.staffing:\n      08:10-09:00: {add: 1}",
    )
    with pytest.raises(
        InputError, match=r"^s.yaml, line 21: plans.two fewer, 10-11.agents.front.staffing.08:10-09:00: "
    ):
        from_source(parse(text, "s.yaml"))
    mistake = TEXT.replace(
        "{agents.front.staffing: {add: -1}}",
        "\n    queues.support.balks: 3%\n    queues.support.talk: {distribution: exponential, mean: 40}",
    )
    with pytest.raises(
        InputError,
        match=r'^s.yaml, line 20: plans.two fewer, 10-11.queues.support.talk.mean: "40" needs a unit',
    ):
        from_source(parse(mistake, "s.yaml"))


def test_an_assignment_is_a_path_and_yaml() -> None:
    assert read_assignment("queues.a.balks=5%") == ("queues.a.balks", "5%")
    assert read_assignment(' agents.f.staffing = {"08:00-09:00": {add: 1}}') == (
        "agents.f.staffing",
        {"08:00-09:00": {"add": 1}},
    )
    assert read_assignment("queues.a.patience=null") == ("queues.a.patience", None)
    assert read_assignment("a.b=[1, 2]") == ("a.b", [1, 2])
    assert read_assignment("closes=20:00") == ("closes", "20:00")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("queues.a.balks", '--set: "queues.a.balks" is not PATH=VALUE'),
        ("=5", '--set: "=5" is not PATH=VALUE'),
        ("a.b=", '--set: a.b: no value is given; "null" removes what is there'),
        ("a.b={", "--set: a.b: this is not YAML"),
        ("a.b=x: y", "--set: a.b: a key cannot stand here"),
    ],
)
def test_an_assignment_that_is_none_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read_assignment(text)
    assert said in str(caught.value)
