"""Bad input is one sentence with line, path, value and remedy; good input is understood however written."""

# ruff: noqa: E501 (a table of mistakes reads best with one on a line)

import copy
import json
import typing
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import sim
from sim.errors import InputError
from sim.scenario import checks
from sim.scenario.examples import EXAMPLES, example_of
from sim.scenario.load import from_source
from sim.scenario.queue import Offer
from sim.scenario.schema import Scenario, json_schema
from sim.scenario.source import parse

ROOT = Path(__file__).resolve().parent.parent
TEXT = """\
schema: 1
opens: 08:00
closes: 10:00
interval: 30 min
queues:
  support:
    arrivals: {per_interval: [10, 12, 14, 9]}
    talk: {distribution: lognormal, mean: 4 min, cv: 1.1}
    wrap: {distribution: exponential, mean: 30 s}
    patience: {distribution: piecewise_exponential, points: {40 s: 15%}}
agents:
  front:
    staffing: [2, 3, 3, 2]
    skills: [support]
plans:
  today: {}
  two fewer:
    agents.front.staffing: {add: -1}
"""


def read(text: str = TEXT, folder: Path | None = None) -> Scenario:
    return from_source(parse(text, "s.yaml", folder))


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


def refusal(text: str, folder: Path | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read(text, folder)
    said = str(caught.value)
    assert "\n" not in said
    return said


WRAP = "{distribution: exponential, mean: 30 s}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("arrivals:", "arivals:", 'line 7: queues.support.arivals: unknown key (did you mean "arrivals"?)'),
        ("staffing: [2", "stafing: [2", 'line 13: agents.front.stafing: unknown key (did you mean "staffing"?)'),
        ("queues:", "queue:", 'line 5: queue: unknown key (did you mean "queues"?)'),
        ("schema: 1", "default: {}", 'line 1: default: unknown key (did you mean "defaults"?)'),
        ("schema: 1", "zzz: 1", "line 1: zzz: unknown key; the keys here are schema, name, "),
        ("cv: 1.1", "cvv: 1.1", 'line 8: queues.support.talk.cvv: unknown key (did you mean "cv"?)'),
        ("    talk: {distribution: lognormal, mean: 4 min, cv: 1.1}\n", "", "line 6: queues.support.talk: is missing"),
        ("    staffing: [2, 3, 3, 2]\n", "", "line 12: agents.front.staffing: is missing; give staffing, or shifts, or a roster"),
        ("    skills: [support]\n", "", "line 12: agents.front.skills: is missing"),
        ("closes: 10:00\n", "", "line 1: closes: give exactly one of closes and length"),
        ("closes: 10:00", "closes: 10:00\nlength: 2 h", "closes: give exactly one of closes and length"),
        ("closes: 10:00", "closes: 10:10", "line 3: closes: 2 h 10 min is not a whole number of intervals of 30 min; "),
        ("closes: 10:00", "closes: 08:00", "line 3: closes: the day has no length; for one that runs round the clock"),
        ("schema: 1", "schema: 2", "line 1: schema: 2 is not a version that is read here; write schema: 1"),
        ("schema: 1", "schema: true", "line 1: schema: true is not a version"),
        ("mean: 30 s", "mean: 40", 'line 9: queues.support.wrap.mean: "40" needs a unit, as in "40 s"'),
        ("interval: 30 min", "interval: 30", 'line 4: interval: "30" needs a unit, as in "30 s"'),
        ("mean: 30 s", "mean: 3000000 h", 'wrap.mean: "3000000 h" is more than 300 years: write a shorter'),
        ("15%", "15", "line 10: queues.support.patience.points.40 s: 15 is not a share: write 15% or 0.15"),
        ("{40 s: 15%}", "{40: 15%}", 'queues.support.patience.points.40: "40" needs a unit, as in "40 s"'),
        (
            "[2, 3, 3, 2]",
            "[2, 3, 3]",
            "line 13: agents.front.staffing: the list has 3 values, the horizon has 4 intervals of 30 min; give one",
        ),
        ("[2, 3, 3, 2]", "[2, -3, 3, 2]", "line 13: agents.front.staffing, item 2: -3 must not be negative: write"),
        ("[2, 3, 3, 2]", "[2, 2.5, 3, 2]", "agents.front.staffing, item 2: 2.5 is not a whole number: write"),
        ("[2, 3, 3, 2]", '{"08:00": 2, "09:00": -1}', "line 13: agents.front.staffing.09:00: -1 must not be negative"),
        ("[2, 3, 3, 2]", "-1", "line 13: agents.front.staffing: -1 must not be negative: write a whole number of 0"),
        ("[2, 3, 3, 2]", '"3"', 'agents.front.staffing: "3" is text: write the number without quotes'),
        ("[2, 3, 3, 2]", '{"09:00": 2}', 'nothing is said from opening on; add a value for "08:00"'),
        ("[2, 3, 3, 2]", '{"08:00": 2, "08:10": 2}', '"08:10" is not on the grid of intervals of 30 min'),
        ("[2, 3, 3, 2]", '{"08:00": 2, "8:00": 3}', '"8:00" names a time that already has a value'),
        ("[2, 3, 3, 2]", "{}", 'agents.front.staffing: is empty; write a value for each time, as in {"08:00": 10}'),
        ("[2, 3, 3, 2]", "0", "line 11: agents: no agents anywhere: every group has staffing 0 all day; give one"),
        ("[10, 12, 14, 9]", "[10, .nan, 14, 9]", "line 7: queues.support.arrivals.per_interval, item 2: .nan is not a"),
        ("[10, 12, 14, 9]", "[10, .inf, 14, 9]", ".inf is not a finite number: write one that is"),
        ("[10, 12, 14, 9]", "[10, , 14, 9]", "line 7: "),
        ("[10, 12, 14, 9]", "[10, ~, 14, 9]", "per_interval, item 2: null is not a number: write one such as 12.5"),
        ("[10, 12, 14, 9]", "1000000000", "more than the 1e+08 that fit; make the horizon shorter"),
        ("per_interval: [10, 12, 14, 9]", "rate: 48", 'arrivals.rate: "48" needs a time, as in "48 / min"'),
        ("per_interval:", "rate: 1 / s, per_interval:", "arrivals: give exactly one of per_interval, rate and trace"),
        ("9]}", "9], daily_variation: 2000%}", "arrivals.daily_variation: 2000% is no variation that can be drawn;"),
        ("[support]", "[suport]", 'line 14: agents.front.skills.suport: there is no queue "suport" (did you mean "supp'),
        ("[support]", "{support: , billing: {}}", 'line 14: agents.front.skills.billing: there is no queue "billing"; the'),
        ("[support]", "[]", "line 14: agents.front.skills: a group needs at least one skill: the name of a queue"),
        ("[support]", "support", 'line 14: agents.front.skills: "support" is not a list; write ["support"]'),
        ("[support]", "[support, support]", "agents.front.skills: a queue stands here twice; name it once"),
        ("[support]", "{support: 3}", "line 14: agents.front.skills.support: 3 is not a mapping of keys to values; write {level: 1}"),
        ("[support]", "{support: {level: 0}}", "skills.support.level: 0 is too small: write a whole number of 1 or more"),
        ("mean: 30 s", "mean: 30 s, cv: 2", "line 9: queues.support.wrap: exponential takes no cv: the mean says all"),
        ("mean: 30 s", "mean: 0 s", "line 9: queues.support.wrap: mean must be above 0, not 0"),
        (WRAP, "{distribution: hyperexponential, mean: 9 s, cv: 0.5}", "wrap: a hyperexponential needs a cv of at least 1"),
        (WRAP, "{distribution: uniform, mean: 30 s, cv: 2}", "wrap: uniform with mean 30 s and cv 2 would start below 0"),
        (WRAP, "{distribution: expnential, mean: 9 s}", '(did you mean "exponential"?)'),
        (WRAP, "{distribution: exponential}", "wrap: exponential lacks what it needs: it takes mean, or 1 quantile"),
        (WRAP, "{mean: 9 s}", "line 9: queues.support.wrap.distribution: is missing"),
        (WRAP, "30 s", 'line 9: queues.support.wrap: "30 s" is not a mapping of keys to values'),
        (WRAP, "{distribution: lognormal, quantiles: {40 s: 50%, 30 s: 70%}}", "quantiles must rise: 30 s: 70% then 40 s"),
        (WRAP, "{distribution: lognormal, quantiles: {40 s: 50%}}", "wrap: lognormal needs 2 quantiles, not 1"),
        (WRAP, "{distribution: exponential, quantiles: {40 s: 100%}}", "from 0% to below 100%, not 40 s: 100%"),
        (WRAP, "{distribution: lognormal, mu: 90, sigma: 1}", "wrap: the mean would be 2.01e+39 s, more than 300 years"),
        ("{40 s: 15%}", "{40 s: 15%, 60 s: 10%}", "line 10: queues.support.patience: points must rise: 40 s: 15% then"),
        ("  today: {}", "  today:", "line 16: plans.today: null is not a mapping; write {} for a plan that changes noth"),
        ("  today: {}", "  plan 1.5: {}", "line 16: plans.plan 1.5: the name of a plan holds a dot; write it without"),
        ("  front:", "  all:", 'agents: "all" cannot be a name: names are text without a dot, and "all" is taken'),
        ("  support:\n", "  a.b:\n", 'queues: "a.b" cannot be a name'),
        ("schema: 1", "_folder: x", "line 1: _folder: unknown key"),
        ("schema: 1", "self: x", "line 1: self: unknown key"),
        ("schema: 1", "schema_: 1", 'line 1: schema: unknown key (did you mean "schema"?)'),
        ("schema: 1", "seed: -1", "line 1: seed: -1 must not be negative"),
        ("schema: 1", f"seed: {2**63}", f"seed: {2**63} is too large"),
        ("schema: 1", "replications: 0", "replications: 0 is too small: write a whole number of 1 or more"),
        ("schema: 1", "warm_up: 2 h", "line 1: warm_up: the warm-up must end before the horizon does"),
        ("schema: 1", "at_close: cary", 'at_close: "cary" is not one of finish, drop, carry (did you mean "carry"?)'),
        ("schema: 1", "routing: longest_wiat", 'line 1: routing: "longest_wiat" is not one of by_level, longest_wait,'),
        ("schema: 1", "days: 2", "line 3: closes: days says how long the scenario is: leave out closes, or days"),
        ("closes: 10:00", "length: 2 h\ndays: 2", "line 3: length: days says how long the scenario is: leave out length"),
        ("schema: 1", "events: [{at: 08:00, for: 2 h, agents: 0}]", "line 1: events: they take all agents of every group away for the whole"),
        ("schema: 1", "events: [{at: 08:00, for: 1 h, volume: 2, queues: []}]", "queues: [] names nothing; write at least one name, or leave"),
        ("schema: 1", "events: 3", "line 1: events: 3 is not a list; write it as one, [{at: 10:00, for: 40 min, agents: "),
        ("schema: 1", "starts: Mnday", 'line 1: starts: "Mnday" is not a weekday (did you mean "monday"?): write one'),
        ("schema: 1", "defaults: {queue: {wrp: {}}}", 'line 1: queues.support.wrp: unknown key (did you mean "wrap"?)'),
        ("schema: 1", "defaults: {queues: {}}", 'line 1: defaults.queues: unknown key (did you mean "queue"?)'),
        ("interval: 30 min", "interval: 30 min\ninterval: 1 h", "line 5: interval: duplicate key"),
        ("    talk:", "\ttalk:", "line 8: a tab is used for indentation: use spaces"),
        (WRAP, "{distribution: constant, file: x.csv, column: s}", "wrap.file: only an empirical distribution reads"),
        (
            WRAP + "\n",
            WRAP + "\n    redial: {share: 100%, after: {distribution: constant, value: 0 s}}\n",
            "redial.after: callers who redial within 1 s on average need attempts of 1000 or fewer; make after longer",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_with_line_path_value_and_remedy(old: str, new: str, said: str) -> None:
    assert said in refusal(changed(old, new))


@pytest.mark.parametrize(
    ("callback", "said"),
    [
        ("{offer: {estimated_wait: 2 min, queue_length: 10}, accept: 40%}", "callback.offer: give exactly one of always"),
        ("{offer: {}, accept: 40%}", "callback.offer: give exactly one of always, {estimated_wait: 2 min}, {queue_length"),
        ("{offer: allways, accept: 40%}", 'callback.offer: "allways" is no rule (did you mean "always"?); give one of'),
        ("{offer: {always: false}, accept: 40%}", "callback.offer.always: false is not true; write offer: always"),
        ("{offer: {waited: 90}, accept: 40%}", 'callback.offer.waited: "90" needs a unit, as in "90 s"'),
        ("{offer: always, accept: 40}", "callback.accept: 40 is not a share: write 40% or 0.4"),
        ("{offer: always, accept: 40%, after: 3 min}", "callback.after: belongs to place: later; leave it out or write"),
        ("{offer: always, accept: 40%, place: later}", "callback.after: is missing; place: later needs it, as in after"),
        ("{offer: always, accept: 40%, reserve: 1}", "callback.reserve: belongs to place: idle; leave it out or write"),
        ("{offer: always, accept: 40%, attempts: 0}", "callback.attempts: 0 is too small: write a whole number of 1 or"),
        ("{offer: always, accept: 40%, place: latter}", '"latter" is not one of keep, later, idle (did you mean "later"?)'),
        ("{accept: 40%}", "callback.offer: is missing; it is required here"),
        ("yes", 'callback: "yes" is not a mapping of keys to values'),
        ("{offer: always, accept: 1, attempts: 2000, retry_after: 0 s}", "attempts that follow within 1 s must be 1000 or"),
    ],
)  # fmt: skip
def test_a_callback_that_does_not_fit_together_is_refused(callback: str, said: str) -> None:
    message = refusal(changed(f"{WRAP}\n", f"{WRAP}\n    callback: {callback}\n"))
    assert message.startswith("s.yaml, line 10: queues.support.callback")
    assert said in message


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("per_interval: [10, 12, 14, 9]", "trace: log.csv", "line 7: queues.support.arrivals.trace"),
        ("agents.front.staffing: {add: -1}", "queues.support.arrivals: {trace: x}", "line 18: plans.two fewer.queues.supp"),
    ],
)  # fmt: skip
def test_a_trace_that_is_not_there_is_said_where_it_is_named(old: str, new: str, path: str) -> None:
    said = refusal(changed(old, new))
    assert said.startswith(f"s.yaml, {path}") and "no such file" in said


IVR_60 = "{time: {distribution: constant, value: 3 s}, self_served: 60%, hangs_up: 50%}"
REPEAT_ALL = "{share: 100%, after: {distribution: constant, value: 1 h}}"
LOOP = "the shares multiply to 100%, so that no customer is ever done; make one of them smaller"


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("hours: 06:00-07:00", 'hours: "06:00-07:00" is outside the horizon, 08:00 to 10:00; give hours within it'),
        ("hours: [08:00-09:00, 11:00-12:00]", 'hours: "11:00-12:00" is outside the horizon, 08:00 to 10:00; give'),
        ("hours: 09:00-09:00", 'hours: "09:00-09:00" is empty: write two clock times, as in "10:00-13:00"'),
        ("hours: closed", 'hours: "closed" leaves the queue closed for good; give at least one span'),
        ("hours: {mon: closed}", "hours: the queue is closed on every day; give at least one span"),
        ("hours: {mon: 08:00-09:00}", "does not say on which one it begins: add starts: monday"),
        ("hours: 8-18", 'hours: "8" is not a clock time: write hours and minutes of the 24-hour clock'),
        ("hours: [08:00-09:00, 08:30-10:00]", "overlaps itself at 08:30; keep the spans apart"),
        ("hours: 3", 'hours: 3 is no span of hours: write one such as "08:00-18:00", or closed'),
        ("hours: {mon-fry: 08:00-09:00}", 'hours.mon-fry: "fry" is not a weekday (did you mean "friday"?): write'),
        ("hours: {mon-tue: 08:00-09:00, tue-wed: 08:00-09:00}", "hours.tue-wed: tue has its hours twice; name it in one of the two keys, or alone"),
        ("hours: {}", "hours: is empty; write hours by weekday, as in {mon-fri: 08:00-20:00}"),
        ("after_hours: waits", "after_hours: waits needs hours, outside of which contacts wait; give the queue hours, or"),
        ("after_hours: waits\n    hours: 08:00-09:00", "after_hours: waits needs at_close: carry, and at_close: finish of the scenario keeps nobody over the closing; give the queue at_close: carry"),
        ("after_hours: waits\n    hours: 08:00-09:00\n    at_close: drop", "waits needs at_close: carry, and at_close: drop keeps"),
        ("after_hours: wait", 'after_hours: "wait" is not one of closed, waits (did you mean "waits"?)'),
        ("after_hours: true", "after_hours: true is not one of closed, waits"),
        ("backlog: {count: -1}", "backlog.count: -1 must not be negative"),
        ("backlog: {count: 3, age: 30 h - 0 h}", 'backlog.age: "30 h - 0 h" runs backwards: write "0 h - 30 h"'),
        ("backlog: {count: 3, age: 30}", 'backlog.age: "30" needs a unit, as in "30 s"'),
        ("backlog: {count: 900000000}", "backlog: 9e+08 contacts a replication are more than the 1e+08 that fit; give"),
        ("ivr: {}", "ivr.time: is missing; it is required here, as in time: {distribution: constant, value: 45 s}"),
        ("ivr: {time: 45}", "ivr.time: 45 is not a mapping of keys to values; write {distribution: constant, value: 45 s}"),
        ("repeat: 12%", 'repeat: "12%" is not a mapping of keys to values; write {share: 12%, after: {distribution: constant, value: 5 min}}'),
        ("repeat: {share: 12%}", "repeat.after: is missing; it is required here, as in after: {distribution: constant, value"),
        ("repeat: {share: 12%, after: 2 h}", 'repeat.after: "2 h" is not a mapping of keys to values; write {distribution: constant, value: 2 h}'),
        ("transfer: chat", 'transfer: "chat" is not a list; write it as one, [{to: chat, share: 10%}]'),
        (f"ivr: {IVR_60}", "ivr: self_served and hangs_up are 110% together; at most 100% fit"),
        ("transfer: {to: suport, share: 1%}", 'transfer.to: there is no queue "suport" (did you mean "support"?); the'),
        ("transfer: [{to: suport, share: 1%}]", 'transfer, item 1, to: there is no queue "suport"'),
        ("transfer: [{to: support, share: 1%}, {to: suport, share: 1%}]", 'transfer, item 2, to: there is no queue "suport"'),
        ("transfer: [{to: support, share: 1%}, {to: support, shares: 1%}]", "transfer, item 2, shares: unknown key (did"),
        ("classes: vip", 'classes: "vip" is not a mapping of keys to values; write names and what they stand for, as in {vip: {share: 10%, head_start: 1 min}}'),
        ("transfer: [{to: support, share: 1%}, 3]", "transfer, item 2: 3 is not a mapping of keys to values"),
        ("transfer: {to: support}", "transfer.share: is missing; it is required here"),
        ("transfer: {to: support, share: 15}", "transfer.share: 15 is not a share: write 15% or 0.15"),
        ("transfer: 3", "transfer: 3 is not a list; write it as one"),
        (
            "transfer: [{to: support, share: 60%}, {to: support, share: 50%}]",
            "transfer: the shares are 110% together; at most 100% fit",
        ),
        ("transfer: {to: support, share: 100%}", f"transfer: {LOOP}"),
        (f"repeat: {REPEAT_ALL}", f"repeat: {LOOP}"),
        (f"transfer: {{to: support, share: 50%}}\n    repeat: {REPEAT_ALL}", f"repeat: {LOOP}"),
        (f"transfer: {{to: support, share: 0%}}\n    repeat: {REPEAT_ALL}", f"repeat: {LOOP}"),
        ("switch: {to: support, share: 10%}", 'switch.to: "support" is the queue itself; for customers who try the same queue again write redial'),
        ("switch: {to: chat, share: 10%}", 'switch.to: there is no queue "chat"; the queues are support'),
        ("classes: {vip: {share: 60%}, new: {share: 50%}}", "classes: the shares are 110% together; at most 100% fit"),
        ("classes: {all: {share: 10%}}", 'classes: "all" are those of every class; give the class another name'),
        ("classes: {others: {share: 10%}}", 'classes: "others" are the customers of no class; give the class another'),
        ("classes: {a.b: {share: 10%}}", 'classes: "a.b" cannot be the name of a class: names are text without a dot'),
        ("classes: {vip: {shares: 10%}}", 'classes.vip.shares: unknown key (did you mean "share"?)'),
        ("classes: {vip: {share: 1%, customer_value: -5}}", "classes.vip.customer_value: -5 must not be negative"),
        ("classes: [vip]", 'classes: ["vip"] is not a mapping of keys to values'),
        ("announcement: {leave_above: 2 min, leaves: 3%, patience_factor: 0}", "patience_factor: 0 must be more than 0%"),
        ("announcement: {leave_above: 2 min, leaves: 3%, patience_factor: -1}", "-1 must be more than 0%: write a factor such as"),
        ("announcement: {leave_above: 2 min}", "announcement.leaves: is missing"),
        ("customer_value: -5", "customer_value: -5 must not be negative: write a number of 0 or more"),
        ("customer_value: {distribution: lognormal, mean: 9}", "customer_value: lognormal needs a cv beside its mean"),
        ("customer_value: {distribution: exponential, mean: 9 s}", 'customer_value.mean: "9 s" is not a number'),
        ("customer_value: {mean: 3}", "customer_value.distribution: is missing"),
        ("service_level: {clock: open}", 'service_level.clock: "open" is not one of always, open_hours'),
        ("repeat: {share: 1%, after: {distribution: exponential, mean: [1 h]}}", "repeat.after.mean: the list has 1 va"),
    ],
)  # fmt: skip
def test_what_cannot_be_of_a_queue_is_refused_in_one_sentence(key: str, said: str) -> None:
    message = refusal(changed(f"{WRAP}\n", f"{WRAP}\n    {key}\n"))
    assert message.startswith("s.yaml, line 1") and "queues.support." in message
    assert said in message


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (
            "slowdown: [1, 2]",
            "slowdown: 2 values do not fit at_once: 1; give at most one for each contact at once; a plan that sets at_once may set slowdown too",
        ),
        ("at_once: 2, slowdown: [1, 2, 3]", "slowdown: 3 values do not fit at_once: 2"),
        ("at_once: 2, slowdown: [1, 0]", "slowdown, item 2: 0 must be more than 0%"),
        ("slowdown: 2", "slowdown: 2 is not a list of at least one number"),
        ("slowdown: []", "slowdown: [] is not a list of at least one number"),
        ("at_once: 0", "at_once: 0 is too small: write a whole number of 1 or more"),
        ("interruptible: yes", 'interruptible: "yes" is neither true nor false; write one of these'),
        ("reserve: -1", "reserve: -1 must not be negative"),
        ("overflow_after: 20", 'overflow_after: "20" needs a unit, as in "20 s"'),
        ("score: {base: x}", 'score.base: "x" is not a number'),
        ("score: {bas: 1}", 'score.bas: unknown key (did you mean "base"?)'),
    ],
)
def test_what_cannot_be_of_a_skill_is_refused_in_one_sentence(key: str, said: str) -> None:
    message = refusal(changed("[support]", f"{{support: {{{key}}}}}"))
    assert message.startswith("s.yaml, line 14: agents.front.skills.support.")
    assert said in message


TWO = TEXT.replace(
    "agents:\n",
    "  chat:\n    arrivals: {rate: 1 / min}\n    talk: {distribution: constant, value: 9 s}\nagents:\n",
    1,
)


@pytest.mark.parametrize(
    ("support", "chat", "said"),
    [
        ("transfer: {to: chat, share: 1}", "transfer: {to: support, share: 1}", "queues.support.transfer: the shares mu"),
        ("transfer: {to: chat, share: 1}", f"repeat: {REPEAT_ALL}", "line 15: queues.chat.repeat: the shares multiply to 100%, so that no customer is ever done; make"),
        ("switch: {to: chat, share: 1}", "switch: {to: support, share: 1}", "everybody switches for ever, over support, "),
        ("transfer: {to: chat, share: 1}", "transfer: {to: support, share: 99%}", None),
        ("transfer: {to: chat, share: 1}", "repeat: {share: 99%, after: {distribution: constant, value: 1 h}}", None),
        ("switch: {to: chat, share: 1}", "switch: {to: support, share: 99%}", None),
        ("transfer: {to: chat, share: 60%}", f"repeat: {REPEAT_ALL}", "queues.chat.repeat: the shares multiply to 100%"),
    ],
)  # fmt: skip
def test_a_loop_over_several_queues_is_refused_only_if_nobody_gets_out(
    support: str, chat: str, said: str | None
) -> None:
    text = TWO.replace(f"{WRAP}\n", f"{WRAP}\n    {support}\n").replace(
        "value: 9 s}\n", f"value: 9 s}}\n    {chat}\n"
    )
    if said is None:
        read(text)
    else:
        assert said in refusal(text)


@pytest.mark.parametrize(
    ("following", "loop"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": {"b"}}, ["b", "c"]),
        ({"a": {"b", "c"}, "b": {"a"}, "c": {"a"}}, ["a", "b", "c"]),
        ({"a": {"a", "b"}, "b": set()}, []),
        ({"a": {"a", "b"}, "b": {"c"}, "c": {"c"}}, ["c"]),
    ],
)
def test_a_loop_is_of_those_alone_who_lead_to_each_other(
    following: dict[str, set[str]], loop: list[str]
) -> None:
    assert checks._endless(following) == loop


def test_each_part_has_an_example_that_is_read_with_all_that_it_requires() -> None:
    parts = [part for part in models_in(Scenario) if part is not Scenario and part is not Offer]
    assert {part.__name__ for part in parts} == set(EXAMPLES)
    for part in parts:
        example = dict(EXAMPLES[part.__name__])
        required = {field.alias or name for name, field in part.model_fields.items() if field.is_required()}
        assert required <= set(example) or part.__name__ == "Roster"
        parse(example_of(part))


def models_in(model: Any) -> set[Any]:
    """A model and all that its fields lead to."""
    found, new = set(), [model]
    while new:
        one = new.pop()
        if isinstance(one, type) and issubclass(one, BaseModel) and one not in found:
            found.add(one)
            new += [field.annotation for field in one.model_fields.values()]
        new += typing.get_args(one)
    return found


def test_more_than_fifty_names_of_classes_do_not_fit() -> None:
    classes = ", ".join(f"c{k}: {{share: 1%}}" for k in range(51))
    assert "51 names of classes are more than the 50 that fit" in refusal(
        changed(f"{WRAP}\n", f"{WRAP}\n    classes: {{{classes}}}\n")
    )


def test_contacts_may_wait_for_the_hours_where_the_queue_or_the_scenario_carries_them() -> None:
    hours = f"{WRAP}\n    hours: 08:00-09:00\n    after_hours: waits\n"
    own = read(changed(f"{WRAP}\n", f"{hours}    at_close: carry\n"))
    assert own.queues["support"].after_hours == "waits"
    inherited = changed(f"{WRAP}\n", hours).replace("schema: 1", "at_close: carry")
    assert read(inherited).queues["support"].after_hours == "waits"
    assert read(changed(f"{WRAP}\n", f"{WRAP}\n")).queues["support"].after_hours == "closed"
    with pytest.raises(InputError, match=r"^queues.support.after_hours: waits needs hours, outside of which"):
        own.with_({"queues.support.hours": None})


def test_one_transfer_may_stand_without_a_list() -> None:
    one = "transfer: {to: support, share: 8%, retell: 40 s}"
    several = "transfer: [{to: support, share: 8%, retell: 40 s}]"
    made = [read(changed(f"{WRAP}\n", f"{WRAP}\n    {form}\n")) for form in (one, several)]
    assert made[0].queues == made[1].queues and made[0].sha256 == made[1].sha256
    assert made[0].queues["support"].transfer[0].retell == 40


def test_a_class_has_its_own_keys_and_else_those_of_its_queue() -> None:
    text = changed(
        f"{WRAP}\n",
        f"{WRAP}\n    customer_value: 120\n    head_start: 5 s\n    classes:\n"
        "      vip: {share: 10%, customer_value: 900, patience: {distribution: constant, value: 1 h}}\n"
        "      new: {share: 5%, head_start: 9 s, leaves: {unserved: 50%}}\n",
    )
    scenario = read(text)
    queue = scenario.queues["support"]
    vip, new = queue.as_class("vip"), queue.as_class("new")
    assert scenario.class_names == ("vip", "new")
    assert (vip.customer_value, vip.head_start, vip.leaves.unserved) == (900, 5, 1)
    assert (new.customer_value, new.head_start, new.leaves.unserved) == (120, 9, 0.5)
    assert vip.patience is not None and vip.patience.value == 3600 and new.patience == queue.patience
    assert queue.as_class(None) is queue


def test_a_customer_value_may_be_a_distribution_of_plain_numbers(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("eur\n10\n30\n", encoding="utf-8")
    forms = {
        "120": 120.0,
        "{distribution: lognormal, mean: 120, cv: 1}": 120.0,
        "{distribution: uniform, low: 50, high: 70}": 60.0,
        "{distribution: exponential, quantiles: {100: 50%}}": 100 / np.log(2),
        "{distribution: empirical, file: v.csv, column: eur}": 20.0,
        "{distribution: empirical, values: [1, 2]}": 1.5,
    }
    for form, mean in forms.items():
        text = changed(f"{WRAP}\n", f"{WRAP}\n    customer_value: {form}\n")
        scenario = read(text, tmp_path)
        assert scenario.queues["support"].value.mean == pytest.approx(mean)
        assert Scenario(**scenario.written_out) == scenario
        validator().validate(parse(text).data)


def test_text_that_is_no_mapping_or_no_utf8_or_no_end_is_refused(tmp_path: Path) -> None:
    assert "line 1: the file is not a mapping of keys" in refusal("- a\n- b\n")
    assert "s.yaml: the file is empty" in refusal("")
    bomb = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(8)
    )
    assert "aliases (*) unfolded" in refusal(bomb)
    (tmp_path / "latin.yaml").write_bytes(b"a: 1\nname: caf\xe9\n")
    with pytest.raises(InputError, match=r"latin\.yaml, line 2: the file is not UTF-8 .* save it as UTF-8"):
        sim.load(tmp_path / "latin.yaml")
    with pytest.raises(InputError, match=r'latn\.yaml: no such file \(did you mean "latin\.yaml"\?\)'):
        sim.load(tmp_path / "latn.yaml")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("Time,n\n08:00,1\n08:30,\n09:00,3\n09:30,4\n", 'v.csv, column "n", row 3: the cell is blank'),
        ("Time,n,n\n08:00,1,1\n", 'v.csv has two columns "n"'),
        ("Time,n\n08:00,1\n09:00,2\n09:30,3\n10:00,4\n", '"09:00" stands where 08:30 is expected'),
        ("n\n1\n2\n", "has 2 rows under the header, the horizon 4 intervals of 30 min from 08:00"),
        ("n\n1\n-2\n3\n4\n", 'arrivals.per_interval: v.csv, column "n", row 3: -2.0 must not be negative'),
        ("m\n1\n2\n3\n4\n", 'v.csv has no column "n"'),
    ],
)
def test_a_column_that_does_not_fit_is_named_with_file_row_and_key(
    tmp_path: Path, rows: str, said: str
) -> None:
    (tmp_path / "v.csv").write_text(rows, encoding="utf-8")
    message = refusal(changed("[10, 12, 14, 9]", "{file: v.csv, column: n}"), tmp_path)
    assert message.startswith("s.yaml, line 7: queues.support.arrivals.per_interval: ")
    assert said in message


def test_every_way_to_write_a_value_per_interval_says_the_same(tmp_path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (["Time", "n"], ["08:00", 2], ["08:30", 2], ["09:00", 3], ["09:30", 3]):
        book.active.append(row)
    book.save(tmp_path / "n.xlsx")
    (tmp_path / "n.csv").write_text("Time;n\n08:00;2\n08:30;2,0\n09:00;3\n09:30;3\n", encoding="utf-8")
    forms = [
        "[2, 2, 3, 3]",
        '{"08:00": 2, "09:00": 3}',
        "{file: n.csv, column: n}",
        "{file: n.xlsx, column: n}",
    ]
    for old in ("[10, 12, 14, 9]", "[2, 3, 3, 2]"):
        scenarios = [read(changed(old, form), tmp_path) for form in forms]
        assert all(each.queues == scenarios[0].queues for each in scenarios)
        assert all(each.agents == scenarios[0].agents for each in scenarios)
    assert read(changed("[2, 3, 3, 2]", "2")).agents == read(changed("[2, 3, 3, 2]", "[2, 2, 2, 2]")).agents


def test_a_mean_may_vary_by_interval_in_every_form_and_a_file_holds_seconds(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("s\n240\n240\n300\n300\n", encoding="utf-8")
    forms = ["[4 min, 4 min, 5 min, 5 min]", '{"08:00": 4 min, "09:00": 300 s}', "{file: m.csv, column: s}"]
    for form in forms:
        scenario = read(changed("mean: 4 min", f"mean: {form}"), tmp_path)
        means = scenario.queues["support"].talk.means(scenario.grid)
        assert np.allclose(means, [240, 240, 300, 300])
        scaled = scenario.with_({"queues.support.talk.mean": {"09:00-10:00": {"scale": 2}}})
        assert np.allclose(scaled.queues["support"].talk.means(scaled.grid), [240, 240, 600, 600])


def test_defaults_go_under_every_member_and_null_takes_them_away() -> None:
    text = changed(
        "schema: 1",
        "defaults: {queue: {balks: 3%, max_waiting: 9}, group: {cost_per_hour: 24}, skill: {level: 2}}",
    ).replace("    talk:", "    max_waiting: null\n    talk:")
    scenario = read(text)
    assert scenario.queues["support"].balks == 0.03
    assert scenario.queues["support"].max_waiting is None
    assert scenario.agents["front"].cost_per_hour == 24
    assert scenario.agents["front"].skills["support"].level == 2
    own = read(text.replace("[support]", "{support: {level: null, prefer: 3}}")).agents["front"].skills
    assert (own["support"].level, own["support"].prefer) == (1, 3)


def test_a_day_may_run_over_midnight_and_a_horizon_may_be_a_length() -> None:
    night = changed("08:00\ncloses: 10:00", "20:00\ncloses: 06:00").replace("[10, 12, 14, 9]", "5")
    night = night.replace("[2, 3, 3, 2]", '{"20:00": 3, "00:30": 1}')
    scenario = read(night)
    assert scenario.grid.count == 20
    assert scenario.agents["front"].staffing == (3,) * 9 + (1,) * 11
    late = scenario.with_({"agents.front.staffing": {"01:00-02:00": {"add": 1}}})
    assert late.agents["front"].staffing == (3,) * 9 + (1, 2, 2) + (1,) * 8
    across = scenario.with_({"agents.front.staffing": {"23:30-00:30": {"add": 1}}})
    assert across.agents["front"].staffing == (3,) * 7 + (4, 4) + (1,) * 11
    long = read(changed("closes: 10:00", "length: 2 h"))
    assert long.grid.horizon == read().grid.horizon


def test_a_mapping_a_yaml_file_and_a_json_file_give_one_scenario(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(TEXT, encoding="utf-8")
    data = parse(TEXT).data
    (tmp_path / "s.json").write_text(json.dumps(data), encoding="utf-8")
    made = Scenario(**data)
    assert made == sim.load(tmp_path / "s.yaml") == sim.load(tmp_path / "s.json")
    assert made.sha256 == sim.load(tmp_path / "s.yaml").sha256 == sim.load(str(tmp_path / "s.json")).sha256


def test_a_mistake_in_a_json_file_has_its_line(tmp_path: Path) -> None:
    data = parse(TEXT).data
    data["queues"]["support"]["balks"] = 15
    (tmp_path / "s.json").write_text(json.dumps(data, indent=1), encoding="utf-8")
    with pytest.raises(InputError, match=r"s\.json, line \d+: queues\.support\.balks: 15 is not a share"):
        sim.load(tmp_path / "s.json")


def test_the_hash_follows_the_content_and_not_the_form() -> None:
    base = read().sha256
    assert (
        read(
            changed("{distribution: exponential, mean: 30 s}", "{mean: 30 s, distribution: exponential}")
        ).sha256
        == base
    )
    assert (
        read(
            "# a comment\n"
            + TEXT.replace("{per_interval: [10, 12, 14, 9]}", "\n      per_interval: [10, 12, 14, 9]")
        ).sha256
        == base
    )
    assert read(changed("[10, 12, 14, 9]", "[10, 12, 14, 8]")).sha256 != base
    assert read(changed("mean: 30 s", "mean: 31 s")).sha256 != base  # fmt: skip


def test_the_hash_follows_the_content_of_a_file(tmp_path: Path) -> None:
    text = changed("[10, 12, 14, 9]", "{file: v.csv, column: n}")
    (tmp_path / "v.csv").write_text("n\n1\n2\n3\n4\n", encoding="utf-8")
    before = read(text, tmp_path).sha256
    (tmp_path / "v.csv").write_text("n\n1\n2\n3\n5\n", encoding="utf-8")
    assert read(text, tmp_path).sha256 != before


def test_a_scenario_is_frozen_and_its_document_a_copy() -> None:
    scenario = read()
    with pytest.raises(ValidationError):
        scenario.seed = 3  # type: ignore[misc]
    scenario.document["seed"] = 3
    given_data = parse(TEXT).data
    made = Scenario(**given_data)
    given_data["queues"]["support"]["balks"] = "50%"
    assert made == scenario and made.document == scenario.document


def test_with_leaves_the_original_alone() -> None:
    scenario = read()
    before = scenario.sha256
    busier = scenario.with_({"queues.support.arrivals.volume": 1.1, "agents.front.staffing": {"add": 1}})
    assert scenario.sha256 == before
    assert scenario.agents["front"].staffing == (2, 3, 3, 2)
    assert busier.agents["front"].staffing == (3, 4, 4, 3)
    assert busier.queues["support"].expected(busier.grid).sum() == pytest.approx(45 * 1.1)


# The JSON Schema


def validator() -> Any:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    return jsonschema.Draft202012Validator(json_schema())


@pytest.mark.parametrize(
    "path",
    sorted(set(ROOT.glob("configs/*.yaml")) - set(ROOT.glob("configs/sweep_*.yaml"))),
    ids=lambda path: path.name,
)
def test_every_scenario_of_the_house_loads_and_validates(path: Path) -> None:
    assert sim.load(path).queues
    validator().validate(parse(path.read_bytes()).data)


def test_the_json_schema_takes_every_form_that_is_read(tmp_path: Path) -> None:
    text = changed(
        "schema: 1", "defaults: {queue: {balks: 0.03}, group: {cost_per_hour: 2}, skill: {level: 2}}"
    )
    more = "    callback: {offer: always, accept: 40%}\n    redial: {share: 0.4, after: {distribution: constant, value: 9 min}, attempts: unlimited}\n"
    text = text.replace("agents:\n", more + "agents:\n", 1).replace("[support]", "{support: }")
    text = text.replace("[2, 3, 3, 2]", '{"08:00": 2}').replace(
        "mean: 4 min", "mean: [1 min, 2 min, 1 min, 2 min]"
    )
    read(text)
    validator().validate(parse(text).data)
    read(WEEK)
    validator().validate(parse(WEEK).data)
    (tmp_path / "r.csv").write_text("agent,group,start,end\nAnn,front,08:00,10:00\n", encoding="utf-8")
    named = changed("    staffing: [2, 3, 3, 2]\n", "    roster: {file: r.csv}\n").replace(
        "agents.front.staffing: {add: -1}", "seed: 3"
    )
    validator().validate(parse(named).data)


def test_what_is_written_out_gives_the_same_scenario_again() -> None:
    for data in (DATA, WEEK_DATA):
        scenario = Scenario(**data)
        again = Scenario(**scenario.written_out)
        assert again == scenario and again.sha256 == scenario.sha256


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("arrivals:", "arivals:"),
        ("schema: 1", "shema: 1"),
        ("schema: 1", "schema: 2"),
        ("schema: 1", "defaults: {queues: {}}"),
        ("schema: 1", "replications: 0"),
        ("schema: 1", "seed: -1"),
        ("mean: 30 s", "mean: 40"),
        ("15%", "15"),
        ("[2, 3, 3, 2]", "[2, -3, 3, 2]"),
        ("[10, 12, 14, 9]", "[10, x, 14, 9]"),
        ("distribution: exponential", "distribution: expnential"),
        ("[support]", "support"),
        ("queues:", "queue:"),
        (WRAP, "30 s"),
        (f"wrap: {WRAP}", "ivr: {}"),
        (f"wrap: {WRAP}", "callback: {offer: allways, accept: 3%}"),
        (f"wrap: {WRAP}", "callback: {offer: {}, accept: 3%}"),
        (f"wrap: {WRAP}", "at_close: carry on"),
        (f"wrap: {WRAP}", "transfer: {to: chat}"),
        (f"wrap: {WRAP}", "transfer: [{share: 10%}]"),
        (f"wrap: {WRAP}", "hours: 8-18"),
        (f"wrap: {WRAP}", "hours: 3"),
        (f"wrap: {WRAP}", "after_hours: open"),
        (f"wrap: {WRAP}", "classes: {vip: {shares: 10%}}"),
        (f"wrap: {WRAP}", "customer_value: [3]"),
        (f"wrap: {WRAP}", "backlog: 3"),
        ("[support]", "{support: {slowdown: 3}}"),
        ("[support]", "{support: {interruptible: 3}}"),
        ("schema: 1", "events: [{at: 09:00}]"),
        ("schema: 1", "events: [{at: 9, for: 20 min}]"),
        ("schema: 1", "shift_types: {s: {}}"),
        ("    staffing: [2", "    roster: {}\n    staffing: [2"),
        ("    staffing: [2", "    shifts: {early: {type: s}}\n    staffing: [2"),
        ("schema: 1", "days: x"),
        ("schema: 1", "routing: fifo"),
    ],
)
def test_the_json_schema_refuses_typical_mistakes(old: str, new: str) -> None:
    assert not validator().is_valid(parse(changed(old, new)).data)


# Anything at all

FULL = """\
opens: 08:00
closes: 10:00
lines: 20
warm_up: 0 s
defaults: {queue: {balks: 3%}, group: {cost_per_hour: 3}, skill: {level: 1}}
queues:
  support:
    arrivals: {per_interval: [10, 12, 14, 9], volume: 100%, daily_variation: 10%, varies_with: w}
    talk: {distribution: lognormal, mean: {"08:00": 4 min, "09:00": 5 min}, cv: 1.1}
    wrap: {distribution: exponential, mean: 30 s}
    patience: {distribution: piecewise_exponential, points: {40 s: 15%}, never_hangs_up: 1%}
    max_waiting: 8
    head_start: 3 s
    redial: {share: 30%, after: {distribution: gamma, mean: 5 min, cv: 0.5}, attempts: 4}
    callback: {offer: {queue_length: 3}, accept: 30%, place: later, after: 10 min, attempts: 2, within: 20 min}
    service_level: {within: 20 s, target: 80%, definition: answered}
    leaves: {unserved: 80%, served_late: {1 min: 1%, 5 min: 9%}}
    tells: {share: 20%, people: 3, put_off: 1%}
  b:
    arrivals: {rate: 1 / min}
    talk: {distribution: weibull, quantiles: {1 min: 30%, 4 min: 60%}}
    callback: {offer: always, accept: 30%, place: idle, reserve: 1}
agents:
  front:
    staffing: {"08:00": 2, "09:00": 3}
    skills: {support: {level: 2, prefer: 1, handle_factor: 1.1}, b: }
    shrinkage: 20%
plans:
  today: {}
  two fewer: {agents.front.staffing: {add: -1}, queues.support.talk.mean: {"08:00-09:00": {scale: 110%}}}
"""
WEEK = """\
days: 7
starts: Monday
interval: 1 h
lines: 20
at_close: carry
routing: weighted
defaults: {queue: {balks: 3%}, group: {cost_per_hour: 3}, skill: {level: 1}}
shift_types:
  full:
    length: 8.5 h
    paid: 8 h
    breaks: [{after: 4 h, length: 30 min, stagger: 15 min, within: 45 min}]
    starts: [07:00, "mon 08:00"]
    cost: 200
    least: 1
    most: 9
  night: {length: 8 h}
queues:
  support:
    hours: {mon-fri: [08:00-12:00, 13:00-20:00], sat: 09:00-14:00, sun: closed}
    after_hours: waits
    arrivals: {per_interval: {"00:00": 0, "08:00": 10, "mon 08:00": 20, "18:00": 0, "sat-sun 08:00": 3}, volume: 100%}
    backlog: {count: 30, age: 0 h - 30 h}
    ivr: {time: {distribution: exponential, mean: 45 s}, self_served: 20%, hangs_up: 3%}
    talk: {distribution: lognormal, mean: {"00:00": 4 min, "sat 00:00": 5 min}, cv: 1.1}
    wrap: {distribution: exponential, mean: 30 s}
    patience: {distribution: exponential, mean: 3 min, never_hangs_up: 1%}
    redial: {share: 30%, after: {distribution: gamma, mean: 5 min, cv: 0.5}, attempts: 4}
    repeat: {share: 12%, after: {distribution: exponential, mean: {"00:00": 2 h}}}
    transfer: {to: billing, share: 8%, retell: 40 s}
    switch: {to: chat, share: 20%, after: {distribution: constant, value: 1 min}}
    announcement: {leave_above: 2 min, leaves: 30%, patience_factor: 150%}
    classes:
      vip: {share: 10%, head_start: 90 s, customer_value: 900, patience: {distribution: exponential, mean: 9 min}}
      new: {share: 5%, redial: {share: 10%, after: {distribution: exponential, mean: 1 min}}, leaves: {unserved: 50%}, tells: {share: 20%, people: 3, put_off: 1%}}
    service_level: {within: 20 s, target: 80%, clock: open_hours}
    customer_value: {distribution: lognormal, mean: 120, cv: 1}
  billing:
    arrivals: {rate: 10 / h}
    hours: "22:00-06:00"
    talk: {distribution: exponential, mean: 5 min}
    transfer: [{to: support, share: 8%}, {to: chat, share: 2%}]
    classes: {vip: {share: 20%}, old: {share: 80%}}
  chat:
    arrivals: {rate: 30 / h}
    hours: [08:00-12:00, 13:00-17:00]
    at_close: drop
    talk: {distribution: exponential, mean: 5 min}
    switch: {to: support, share: 10%}
agents:
  front:
    shifts:
      early: {type: full, starts: 07:00, agents: 8, days: mon-fri}
      late: {type: night, starts: ["mon 22:00", "tue-sun 22:00"], agents: 2}
    absence: 4%
    shrinkage: 20%
    skills: {support: {overflow_after: 20 s, reserve: 1}, chat: {at_once: 3, slowdown: [1, 125%, 1.6]}, billing: {interruptible: true, score: {base: -3, weight: 2}}}
  named:
    roster: {rows: [{agent: Ann, day: mon, start: 08:00, end: 16:00, breaks: [12:00-12:30]}, {agent: Cy, day: tue-thu, start: 09:00, end: 17:00}, {agent: Bob, day: 2, start: 22:00, end: 06:00, breaks: [01:00-01:30]}]}
    skills: [billing]
  desk:
    staffing: {"00:00": 0, "mon-fri 08:00": 2, "mon-fri 16:00": 0}
    skills: {billing: {overflow_after: 40 s}}
events:
  - {at: "tue 10:00", for: 40 min, agents: 50%, groups: [front, desk]}
  - {at: "10:30", for: 90 min, volume: 200%, queues: [support]}
  - {at: "wed 10:00", for: 40 min, lines: 0}
plans:
  today: {}
  more:
    agents.front.shifts.early.agents: {add: 2}
    queues.support.transfer.share: {scale: 2}
    queues.support.after_hours: closed
    agents.desk.staffing: {"mon-fri 10:00-13:00": {add: 1}}
    queues.support.arrivals.per_interval: {"10:00-12:00": {scale: 2}}
    queues.support.classes.vip.share: {add: 5%}
    agents.front.skills.chat.slowdown: {scale: 110%}
"""
DATA = parse(FULL).data
WEEK_DATA = parse(WEEK).data
ODD: list[Any] = [
    None, [], {}, "", "abc", -1, 0, 1, 1e308, -1e308, 5e-324, float("nan"), float("inf"), True, False, "x" * 9999,
    [[[[]]]], 10**400, 10**30, "1e308 s", "1e-300 s", "0 s", "0%", "100%", "1e300%", "08:00", "24:00", "8 h",
    {"08:00": 1}, {"add": 1}, {"file": "x"}, {"file": 3}, {"distribution": "constant"}, [1, 2, 3, 4], ["support"],
    "é\n", {"": 1}, {1: 2}, {None: 1}, (1, 2), b"x", 1j, "all", 0.5, "15%", "unlimited", "always", {"10 s": "10%"},
]  # fmt: skip


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = []
    for key, value in data.items() if isinstance(data, dict) else enumerate(data):
        found.append((*path, key))
        if isinstance(value, dict | list):
            found += places(value, (*path, key))
    return found


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_whatever_is_changed_it_is_a_scenario_or_one_sentence(data: st.DataObject) -> None:
    document = copy.deepcopy(data.draw(st.sampled_from([DATA, WEEK_DATA])))
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(places(document)))
        holder: Any = document
        for key in path[:-1]:
            holder = holder[key]
        how = data.draw(st.sampled_from(["delete", "replace", "replace", "rename"]))
        if how == "replace":
            holder[path[-1]] = copy.deepcopy(data.draw(st.sampled_from(ODD)))
        else:
            value = holder.pop(path[-1])
            if how == "rename" and isinstance(holder, dict):
                holder[str(data.draw(st.sampled_from(ODD)))[:200]] = value
        if not document:
            break
    try:
        scenario = Scenario(**document)
        for plan in scenario.plans:
            scenario.under(plan)
        assert len(scenario.sha256) == 64
        assert np.isfinite(sum(q.expected(scenario.grid).sum() for q in scenario.queues.values()))
    except InputError as error:
        said = str(error)
        assert said and said.isprintable() and len(said) < 600


@pytest.mark.parametrize("name", ["function-a", "tuple[x", "constrained-1", f"[{'9' * 5000}]", "[0]"])
def test_a_queue_may_bear_a_name_that_looks_like_something_else(name: str) -> None:
    document = copy.deepcopy(DATA)
    document["queues"][name] = {
        "arrivals": {"rate": "1 / h"},
        "talk": {"distribution": "exponential", "men": 1},
    }
    with pytest.raises(InputError, match=r'unknown key \(did you mean "mean"\?\)'):
        Scenario(**document)
    document["queues"][name] = 3
    with pytest.raises(InputError, match="3 is not a mapping of keys to values"):
        Scenario(**document)
    document["queues"].pop(name)
    document["agents"]["front"]["skills"][name] = {"lev": 3}
    with pytest.raises(InputError, match=r'unknown key \(did you mean "level"'):
        Scenario(**document)


NAMES = ("varies_with", "agent")  # that may be any text
PLACES = [(data, path) for data in (DATA, WEEK_DATA) for path in places(data)]


@pytest.mark.parametrize(("data", "path"), PLACES, ids=[".".join(map(str, path)) for _, path in PLACES])
def test_no_place_of_a_scenario_takes_nonsense_for_a_value(data: Any, path: tuple[Any, ...]) -> None:
    for odd in ("nonsense", float("nan"), [[]]):
        document = copy.deepcopy(data)
        holder: Any = document
        for key in path[:-1]:
            holder = holder[key]
        if odd == "nonsense" and path[-1] in NAMES:
            continue
        holder[path[-1]] = odd
        with pytest.raises(InputError):
            scenario = Scenario(**document)
            for plan in scenario.plans:
                scenario.under(plan)
