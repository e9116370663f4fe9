"""Bad input is one sentence with line, path, value and remedy; good input is understood however written."""

# ruff: noqa: E501 (a table of mistakes reads best with one on a line)

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

import sim
from sim.errors import InputError
from sim.scenario.schema import Scenario, json_schema
from sim.scenario.source import parse
from sim.verbs import from_source

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
        ("    staffing: [2, 3, 3, 2]\n", "", "line 12: agents.front.staffing: is missing; it is required here"),
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
        ("[2, 3, 3, 2]", "[2, -3, 3, 2]", "line 13: agents.front.staffing, value 2: -3 must not be negative: write"),
        ("[2, 3, 3, 2]", "[2, 2.5, 3, 2]", "agents.front.staffing, value 2: 2.5 is not a whole number: write"),
        ("[2, 3, 3, 2]", '{"08:00": 2, "09:00": -1}', "line 13: agents.front.staffing.09:00: -1 must not be negative"),
        ("[2, 3, 3, 2]", "-1", "line 13: agents.front.staffing: -1 must not be negative: write a whole number of 0"),
        ("[2, 3, 3, 2]", '"3"', 'agents.front.staffing: "3" is text: write the number without quotes'),
        ("[2, 3, 3, 2]", '{"09:00": 2}', 'nothing is said from opening on; add a value for "08:00"'),
        ("[2, 3, 3, 2]", '{"08:00": 2, "08:10": 2}', '"08:10" is not on the grid of intervals of 30 min'),
        ("[2, 3, 3, 2]", '{"08:00": 2, "8:00": 3}', '"8:00" names a time that already has a value'),
        ("[2, 3, 3, 2]", "{}", 'agents.front.staffing: is empty; write a value for each time, as in {"08:00": 10}'),
        ("[2, 3, 3, 2]", "0", "line 11: agents: no agents anywhere: every group has staffing 0 all day; give one"),
        ("[10, 12, 14, 9]", "[10, .nan, 14, 9]", "line 7: queues.support.arrivals.per_interval, value 2: .nan is not a"),
        ("[10, 12, 14, 9]", "[10, .inf, 14, 9]", ".inf is not a finite number: write one that is"),
        ("[10, 12, 14, 9]", "[10, , 14, 9]", "line 7: "),
        ("[10, 12, 14, 9]", "[10, ~, 14, 9]", "per_interval, value 2: null is not a number: write one such as 12.5"),
        ("[10, 12, 14, 9]", "1000000000", "more than the 1e+08 that fit; make the horizon shorter"),
        ("per_interval: [10, 12, 14, 9]", "rate: 48", 'arrivals.rate: "48" needs a time, as in "48 / min"'),
        ("per_interval:", "rate: 1 / s, per_interval:", "arrivals: give exactly one of per_interval and rate"),
        ("9]}", "9], daily_variation: 2000%}", "arrivals.daily_variation: 2000% is no variation that can be drawn;"),
        ("[support]", "[suport]", 'line 14: agents.front.skills.suport: there is no queue "suport" (did you mean "supp'),
        ("[support]", "{support: , billing: {}}", 'line 14: agents.front.skills.billing: there is no queue "billing"; the'),
        ("[support]", "[]", "line 14: agents.front.skills: a group needs at least one skill: the name of a queue"),
        ("[support]", "support", 'line 14: agents.front.skills: "support" is not a list; write ["support"]'),
        ("[support]", "[support, support]", "agents.front.skills: a queue stands here twice; name it once"),
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
        ("schema: 1", "at_close: carry", 'at_close: "carry" is not one of finish, drop'),
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


QUEUE_LATER = ("hours", "backlog", "ivr", "repeat", "transfer", "switch", "classes")
SKILL_LATER = ("overflow_after", "reserve", "at_once", "slowdown", "interruptible")


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        *[(f"    wrap: {WRAP}", f"    {key}: 1", f"line 9: queues.support.{key}") for key in QUEUE_LATER],
        *[("schema: 1", f"{key}: 1", f"line 1: {key}") for key in ("days", "starts", "shift_types", "targets", "events")],
        *[("    skills:", f"    {key}: 1\n    skills:", f"line 14: agents.front.{key}") for key in ("shifts", "absence")],
        *[
            ("[support]", f"{{support: {{{key}: 1}}}}", f"line 14: agents.front.skills.support.{key}")
            for key in SKILL_LATER
        ],
        ("per_interval: [10, 12, 14, 9]", "trace: log.csv", "line 7: queues.support.arrivals.trace"),
        ("    staffing: [2, 3, 3, 2]", "    shifts: {}", "line 13: agents.front.shifts"),
        ("schema: 1", "defaults: {queue: {ivr: {}}}", "line 1: queues.support.ivr"),
        ("schema: 1", "defaults: {group: {absence: 4%}}", "line 1: agents.front.absence"),
        ("schema: 1", "defaults: {skill: {at_once: 3}}", "line 1: agents.front.skills.support.at_once"),
        ("agents.front.staffing: {add: -1}", "queues.support.ivr: {}", "line 18: plans.two fewer.queues.support.ivr"),
        (
            "agents.front.staffing: {add: -1}",
            "agents.front.skills: {support: {at_once: 3}}",
            "line 18: plans.two fewer.agents.front.skills.support.at_once",
        ),
    ],
)  # fmt: skip
def test_a_key_of_a_later_version_is_not_available_yet(old: str, new: str, path: str) -> None:
    assert refusal(changed(old, new)).startswith(f"s.yaml, {path}: is not available yet")


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


@pytest.mark.parametrize("path", sorted(ROOT.glob("configs/*.yaml")), ids=lambda path: path.name)
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
        (f"wrap: {WRAP}", "at_close: carry"),
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
DATA = parse(FULL).data
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
    document = copy.deepcopy(DATA)
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


@pytest.mark.parametrize("path", places(DATA), ids=lambda path: ".".join(map(str, path)))
def test_no_place_of_a_scenario_takes_nonsense_for_a_value(path: tuple[Any, ...]) -> None:
    for odd in ("nonsense", float("nan"), [[]]):
        document = copy.deepcopy(DATA)
        holder: Any = document
        for key in path[:-1]:
            holder = holder[key]
        if odd == "nonsense" and path[-1] == "varies_with":
            continue
        holder[path[-1]] = odd
        with pytest.raises(InputError):
            scenario = Scenario(**document)
            for plan in scenario.plans:
                scenario.under(plan)
