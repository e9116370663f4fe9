"""Recorded days played again: what happened comes back, plans change it, and agents are told from their contacts."""

import csv
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recorded import MONDAY, recorded

import sim
from sim.cli import main
from sim.errors import InputError
from sim.experiments.replicate import replicate
from sim.history.contacts import Account, Contacts, Outcome, tidy
from sim.history.presence import likest_groups, mean_agents, presences_of, rostered
from sim.history.recording import record
from sim.history.replay import read_dates
from sim.measures.metrics import ABANDONED, ANSWERED, OFFERED, WAIT, WAITED, WITHIN_TARGET
from sim.scenario.recorded import COLUMNS

COUNTED = [OFFERED, ANSWERED, ABANDONED, WITHIN_TARGET, WAIT, WAITED]
CENTRE: dict[str, Any] = {
    "name": "made",
    "opens": "08:00",
    "closes": "12:00",
    "interval": "30 min",
    "queues": {
        "calls": {
            "arrivals": {"per_interval": 45},
            "talk": {"distribution": "exponential", "mean": "4 min"},
            "wrap": {"distribution": "exponential", "mean": "20 s"},
            "patience": {"distribution": "exponential", "mean": "4 min"},
        }
    },
    "agents": {"team": {"staffing": 6, "skills": ["calls"]}},
    "plans": {"today": {}, "two more": {"agents.team.staffing": {"add": 2}}},
}


def centre(**queue: Any) -> sim.Scenario:
    return sim.Scenario(**CENTRE | {"queues": {"calls": CENTRE["queues"]["calls"] | queue}})


def log(rows: list[dict[str, Any]], queues: tuple[str, ...] = ("calls",), zone: str = "UTC") -> Contacts:
    """Contacts from Monday 08:00 on: seconds from then; names of columns as in `Contacts`."""
    start = MONDAY.timestamp() + 8 * 3600
    moments = ("arrived", "joined", "answered", "talk_end", "wrap_end", "left")
    columns = {name: np.array([start + row.get(name, np.nan) for row in rows]) for name in moments}
    columns |= {name: np.array([row.get(name, -1) for row in rows]) for name in ("customer", "agent")}
    columns |= {name: np.array([row.get(name, 0) for row in rows]) for name in ("queue", "outcome")}
    agents = tuple(f"agent {k}" for k in range(int(columns["agent"].max()) + 1))
    return tidy(columns, queues=queues, zone=zone, agents=agents, account=Account("a log", "made"))


def answered(at: float, agent: int = 0, talk: float = 60.0, wait: float = 0.0, **more: Any) -> dict[str, Any]:
    moments = {"arrived": at, "joined": at, "answered": at + wait, "talk_end": at + wait + talk}
    return {**moments, "agent": agent, "outcome": Outcome.ANSWERED, **more}


def hung_up(at: float, after: float, **more: Any) -> dict[str, Any]:
    return {"arrived": at, "joined": at, "left": at + after, "outcome": Outcome.ABANDONED, **more}


def test_days_of_our_own_replayed_under_their_own_agents_are_the_days_that_were() -> None:
    scenario = centre()
    found = sim.replay(recorded(scenario, 3, seed=4), scenario, ["today"], rounds=2, seed=9).replay
    was, now = found.recording.happened.sum(axis=2), found.plans["today"].rounds
    assert was[..., ABANDONED].sum() > 20
    for again in now:
        assert np.allclose(again[..., COUNTED], was[..., COUNTED], atol=1e-3), (
            "whatever is drawn anew, nobody saw"
        )


def test_what_happened_is_counted_as_a_run_counts_it() -> None:
    scenario = centre(service_level={"within": "30 s", "definition": "early_abandons_excluded"})
    run = replicate([scenario], 3, 4, by_interval=True)[0].contacts_by_interval
    was = record(recorded(scenario, 3, seed=4), scenario).happened
    assert np.allclose(was[..., COUNTED], run[:, :1][..., COUNTED], atol=1e-6)


def test_a_plan_is_held_against_the_first_on_the_same_days_and_draws() -> None:
    scenario = centre()
    result = sim.replay(recorded(scenario, 4, seed=4), scenario, rounds=6, days="2026-03-03..2026-03-05")
    assert result.replay.recording.names == ("2026-03-03", "2026-03-04", "2026-03-05")
    waits = {name: played.rounds[..., WAIT].sum() for name, played in result.replay.plans.items()}
    assert waits["two more"] < 0.6 * waits["today"]
    said = result.table()
    assert '"two more" against "today": in 20 s +' in said
    assert said.count("  as it was") == 1
    plans = result.to_dict()["plans"]
    assert (
        plans["two more"]["queues"]["calls"]["mean_wait"]["value"]
        < plans["today"]["queues"]["calls"]["mean_wait"]["low"]
    )


def test_a_redial_is_spared_where_a_plan_serves_the_first_call() -> None:
    rows = [
        answered(0, talk=600.0),
        hung_up(60, 30, customer=7),
        answered(300, wait=300.0, customer=7),
        hung_up(700, 20, customer=8),
    ]
    one = sim.Scenario(**CENTRE | {"agents": {"team": {"staffing": 1, "skills": ["calls"]}}})
    found = sim.replay(
        log(rows), one, {"one": {}, "three": {"agents.team.staffing": {"add": 2}}}, rounds=1
    ).replay
    assert found.recording.linked == 1
    assert found.recording.columns[0]["attempt"].tolist() == [1, 1, 2, 1]
    assert found.recording.columns[0]["last"].tolist() == [0, 0, 0, 1], (
        "of hang-ups whatever followed is in the log"
    )
    assert [played.rounds[..., OFFERED].sum() for played in found.plans.values()] == [4, 3]


@pytest.mark.parametrize(
    "later",
    [
        answered(5000, customer=7),
        answered(300, customer=7, queue=1),
        answered(300 + 86_400, customer=7),
        answered(300, customer=8),
    ],
    ids=["after the window", "in another queue", "on another day", "of another customer"],
)
def test_another_contact_is_no_redial(later: dict[str, Any]) -> None:
    two = CENTRE["queues"]["calls"]
    scenario = sim.Scenario(
        **CENTRE
        | {
            "queues": {"calls": two, "mail": two},
            "agents": {"team": {"staffing": 1, "skills": ["calls", "mail"]}},
        }
    )
    found = record(log([hung_up(60, 30, customer=7), later], ("calls", "mail")), scenario)
    assert found.linked == 0


def test_what_does_not_fit_the_scenario_is_counted() -> None:
    rows = [
        answered(0), answered(5 * 3600), answered(10, queue=1),
        {"arrived": 20, "left": 30, "outcome": Outcome.ABANDONED},
        {"arrived": 40, "outcome": Outcome.BLOCKED},
    ]  # fmt: skip
    found = record(log(rows, ("calls", "mail")), centre())
    assert found.happened[..., OFFERED].sum() == 2, "who was turned away came, too"
    assert found.left_out == (
        (1, "never joined a queue"),
        (1, "outside the scenario's hours"),
        (1, 'of queues that the scenario does not have ("mail")'),
    )


def test_days_begin_at_the_opening_by_the_local_clock() -> None:
    """In Berlin the clock goes forward on 29 March 2026: 10:00 there is 09:00 UTC the day before, 08:00 UTC on it."""
    moments = [datetime(2026, 3, day, hour, tzinfo=UTC).timestamp() for day, hour in ((28, 9), (29, 8))]
    base = MONDAY.timestamp() + 8 * 3600
    found = record(log([answered(at - base) for at in moments], zone="Europe/Berlin"), centre())
    assert found.names == ("2026-03-28", "2026-03-29")
    assert found.columns[0]["arrived"].tolist() == [7200, 7200]


def test_a_redial_that_the_clock_puts_before_the_hang_up_is_a_contact_of_its_own() -> None:
    """In Berlin 25 October 2026 has two hours from 02:00: 02:50 of the first is before 02:10 of the second."""
    first = datetime(2026, 10, 25, 0, 50, tzinfo=UTC).timestamp() - MONDAY.timestamp() - 8 * 3600
    rows = [hung_up(first, 60, customer=7), hung_up(first + 1200, 60, customer=7)]
    night = sim.Scenario(**CENTRE | {"opens": "00:00", "closes": "06:00"})
    found = record(log(rows, zone="Europe/Berlin"), night)
    assert found.columns[0]["arrived"].tolist() == [7800, 10200]
    assert (found.linked, found.columns[0]["attempt"].tolist()) == (0, [1, 1])
    assert sim.replay(log(rows, zone="Europe/Berlin"), night, rounds=2).replay.recording.linked == 0


def test_a_night_belongs_to_the_day_on_which_it_opened_and_a_week_to_its_first_day() -> None:
    night = sim.Scenario(**CENTRE | {"opens": "22:00", "closes": "06:00"})
    rows = [answered(15 * 3600), answered(20 * 3600)]  # 23:00 on Monday, 04:00 on Tuesday
    assert record(log(rows), night).names == ("2026-03-02",)
    week = {key: value for key, value in CENTRE.items() if key not in ("opens", "closes")}
    of_week = record(log(rows), sim.Scenario(**week, days=7, starts="sunday"))
    assert of_week.names == ("2026-03-01",)
    assert of_week.columns[0]["arrived"].tolist() == [(24 + 23) * 3600, (24 + 28) * 3600]


def test_the_trace_that_is_kept_names_nobody_and_gives_the_same_days(tmp_path: Path) -> None:
    scenario = centre()
    result = sim.replay(recorded(scenario, 2, seed=4), scenario, ["today"], rounds=1)
    result.keep(tmp_path / "trace.csv")
    with (tmp_path / "trace.csv").open(encoding="utf-8") as file:
        assert next(csv.reader(file)) == ["queue", *COLUMNS]
    document = scenario.document
    document["queues"]["calls"]["arrivals"] = {"trace": "trace.csv"}
    (tmp_path / "s.json").write_text(json.dumps(document), encoding="utf-8")
    again = sim.simulate(sim.load(tmp_path / "s.json"), replications=2)
    was = result.replay.recording.happened[..., WAIT].sum()
    assert again.totals.contacts[..., WAIT].sum() == pytest.approx(was, abs=1e-2)


# Agents, told from their contacts.


def test_who_is_passed_over_is_away_and_who_takes_turns_is_not() -> None:
    turns = [answered(100.0 * k, agent=k % 2) for k in range(20)]
    for guess in presences_of(log(turns)):
        assert guess.start.size == 2, "one spell each"
    away = [answered(100.0 * k, agent=int(not 0 < k < 11)) for k in range(16)]
    spells = [guess.start[guess.agent == 1].size for guess in presences_of(log(away))]
    assert spells == [2, 2, 2, 2], "nine contacts went to the other, who came free later"
    twice = [
        answered(at, agent=agent) for at, agent in ((0, 1), (100, 0), (200, 0), (300, 0), (400, 1), (500, 0))
    ]
    assert [guess.start[guess.agent == 1].size for guess in presences_of(log(twice))] == [2, 2, 1, 1]


def test_a_spell_ends_in_the_middle_of_its_last_contact_as_agents_finish_what_they_have() -> None:
    guess = presences_of(log([answered(0, talk=60.0), answered(60, talk=60.0)]))[0]
    assert (guess.end - guess.start).tolist() == [90]
    assert (guess.over - guess.start).tolist() == [120]


def test_a_spell_begins_as_long_before_its_first_contact_as_agents_are_usually_free() -> None:
    """40 s between two contacts, so 40 s before the first of the morning and of the afternoon."""
    turns = [answered(100.0 * k, talk=60.0, agent=0) for k in range(12)]
    found = presences_of(log(turns))[0]
    first = MONDAY.timestamp() + 8 * 3600
    assert (found.start - first).tolist() == [-40]
    away = [answered(100.0 * k, talk=60.0, agent=0) for k in (*range(12), 60, *range(61, 73))]
    assert [span - first for span in presences_of(log(away))[0].start] == [-40, 5960]


def test_waits_do_not_tell_who_was_there() -> None:
    rows = [answered(97.0 * k, agent=k * k % 3) for k in range(40)]
    later = [row | {"joined": row["joined"] - 50, "arrived": row["arrived"] - 50} for row in rows]
    for one, other in zip(presences_of(log(rows)), presences_of(log(later)), strict=True):
        assert np.array_equal(one.start, other.start)
        assert np.array_equal(one.end, other.end)


def test_agents_of_our_own_days_are_found_again() -> None:
    """Six at work all the time, and nobody passed over: all guesses agree, within a twentieth."""
    scenario = centre()
    contacts = recorded(scenario, 5, seed=4)
    opens = MONDAY.timestamp() + 8 * 3600
    means = []
    for guess in presences_of(contacts):
        each = [
            mean_agents({"team": rostered(guess.start - day, guess.over - day, 1800.0, 8)}, 1800.0).mean()
            for day in opens + 86_400 * np.arange(5)
        ]
        means.append(float(np.mean(each)))
    assert all(5.7 < mean < 6.3 for mean in means)


def test_spells_are_split_into_whole_intervals_and_the_rest() -> None:
    found = rostered(np.array([0.0, 100.0, -50.0]), np.array([2000.0, 1500.0, 400.0]), 600.0, 3)
    assert found.staffing.tolist() == [2, 2, 1]
    assert found.spells == ((100.0, 400.0), (1200.0, 1500.0))
    assert mean_agents({"a": found}, 600.0).tolist() == [2.5, 2.0, 1.5]


def test_agents_go_to_the_group_that_is_most_like_them() -> None:
    served = np.array([[True, False, False], [True, True, False], [False, False, True]])
    assert likest_groups(served, [[0, 1], [2], [0]]).tolist() == [2, 0, 1]


def test_estimated_agents_bring_back_what_happened_and_can_be_changed_by_plans() -> None:
    scenario = centre()
    wrong = scenario.with_({"agents.team.staffing": 20})
    found = sim.replay(recorded(scenario, 8, seed=4), wrong, agents="estimated", rounds=8).replay
    was = found.recording.happened.sum(axis=(0, 1, 2))
    now, more = (played.rounds.mean(axis=0).sum(axis=(0, 1)) for played in found.plans.values())
    assert now[WITHIN_TARGET] == pytest.approx(was[WITHIN_TARGET], rel=0.12)
    assert more[WITHIN_TARGET] > now[WITHIN_TARGET] + 50


# At the prompt.


def test_the_command_plays_a_log_and_says_in_one_sentence_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = ["id,queue,phone,agent,arrived,answered,talk,left,how"]
    rows += [
        f"{k},calls,{k},Ann,2026-03-02 08:{k:02d}:00,2026-03-02 08:{k:02d}:10,40,,served" for k in range(30)
    ]
    (tmp_path / "log.csv").write_text("\n".join(rows), encoding="utf-8")
    (tmp_path / "map.yaml").write_text(
        "zone: UTC\ncontact: id\ncolumns: {queue: queue, customer: phone, agent: agent, arrived: arrived, "
        "answered: answered, talk: talk, left: left}\n",
        encoding="utf-8",
    )
    (tmp_path / "s.json").write_text(json.dumps(CENTRE), encoding="utf-8")
    base = [
        "replay",
        str(tmp_path / "log.csv"),
        str(tmp_path / "s.json"),
        "--map",
        str(tmp_path / "map.yaml"),
    ]
    assert main([*base, "--json", "--rounds", "2", "--agents", "estimated", "--quiet"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["happened"]["calls"] == {
        "offered": 30, "service_level": 1.0, "abandonment_rate": 0.0, "mean_wait": 10.0,
    }  # fmt: skip
    assert main([*base, "--rounds", "2", "--plot", str(tmp_path / "p.svg"), "--quiet"]) == 0
    assert (tmp_path / "p.svg").stat().st_size > 5000
    capsys.readouterr()
    for given, said in (
        (["--days", "2026-02-30"], 'ccsim: --days: "2026-02-30" is not a date'),
        (["--days", "2026-04-01"], "no contact of the log is left to replay (no contacts on 2026-04-01)"),
        (["--agents", "mine"], 'ccsim: --agents: "mine" is not known; use scenario or estimated'),
        (["--keep", "x.txt"], 'ccsim: --keep: "x.txt" does not end in .csv'),
    ):
        assert main([*base, *given, "--quiet"]) == 2
        assert said in capsys.readouterr().err


def test_a_scenario_that_cannot_be_laid_over_the_log_is_refused() -> None:
    contacts = log([answered(0)], ("sales",))
    with pytest.raises(InputError, match=r'has none of the log\'s queues, "sales"'):
        sim.replay(contacts, centre())
    long = {key: value for key, value in CENTRE.items() if key != "closes"} | {"length": "200 h"}
    with pytest.raises(InputError, match="cannot be laid over recorded days"):
        sim.replay(log([answered(0)]), sim.Scenario(**long))
    with pytest.raises(InputError, match="does not say which agent took a contact"):
        sim.replay(log([answered(0, agent=-1)]), centre(), agents="estimated")


def test_dates_are_read_one_by_one_and_as_ranges() -> None:
    assert read_dates("2026-03-02, 2026-02-27..2026-03-01") == (
        *(date(2026, 2, day) for day in (27, 28)), date(2026, 3, 1), date(2026, 3, 2),
    )  # fmt: skip
    for wrong in ("", "2026-03-02..", "2026-03-02..2026-03-01", "1900-01-01..2026-01-01"):
        with pytest.raises(InputError):
            read_dates(wrong)
