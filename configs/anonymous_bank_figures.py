"""Print every measured figure of anonymous_bank.yaml, with its number of observations.

    CCSIM_DATA=/folder/with/the/data python configs/anonymous_bank_figures.py

reads CCSIM_DATA/anonymous_bank/calls_1999_jan_feb.csv.gz (NumPy and pandas only). Source: I. Guedj and A.
Mandelbaum, "Anonymous Bank" data, Technion (free for use, with acknowledgement), no part of this project.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd

OPEN, CLOSE, HALF = 7 * 3600, 24 * 3600, 1800
GRID = range(OPEN // HALF, CLOSE // HALF)
TYPES = {"PS": "regular activity", "NW": "new customers", "NE": "stock exchange"}
POINTS = [10, 20, 40, 60, 120, 180, 240, 300, 420, 600]
ENOUGH_AT_RISK = 20  # a Kaplan-Meier point is used while so many are still waiting
LONG_SILENCE = 3600  # a day with so long without a call inside the staffed hours is left out
SHORT = 10  # seconds: shorter "served" calls are the known artefact
DELAY_BINS = np.array([0, 60, 120, 300, 600, 1200, 1800, 3600])


def heading(text: str) -> None:
    print(f"\n== {text}")


def clock(half_hour: int) -> str:
    return f"{half_hour // 2:02d}:{half_hour % 2 * 30:02d}"


def load() -> pd.DataFrame:
    """Calls that reached the agents' queue; `wait` is 0 for those who went straight to an agent."""
    folder = os.environ.get("CCSIM_DATA")
    if not folder:
        sys.exit("CCSIM_DATA is not set: point it to the folder that contains anonymous_bank/.")
    path = Path(folder) / "anonymous_bank" / "calls_1999_jan_feb.csv.gz"
    if not path.is_file():
        sys.exit(f"{path} is missing: CCSIM_DATA must be the folder that contains anonymous_bank/.")
    raw = pd.read_csv(path)
    phantom = raw.outcome == "PHANTOM"
    never_queued = ~phantom & (raw.outcome == "HANG") & (raw.q_start_s == 0)
    heading("read")
    print(f"{len(raw)} rows; left out: {phantom.sum()} PHANTOM, {never_queued.sum()} HANG that never queued")
    calls = raw[~phantom & ~never_queued].copy()
    calls["queued"] = calls.q_start_s > 0
    calls["wait"] = np.where(calls.queued, calls.q_time, 0)
    calls["joined"] = np.where(calls.queued, calls.q_start_s, calls.vru_exit_s)
    calls["hung"] = calls.outcome == "HANG"
    return calls


def staffed(calls: pd.DataFrame) -> pd.DataFrame:
    """Sunday to Thursday, 07:00 to 24:00, without the days of a long outage."""
    weekday = pd.to_datetime(calls.date).dt.day_of_week
    week = calls[weekday.isin([6, 0, 1, 2, 3])]
    served = week[~week.hung]
    night = served[served.ser_start_s < OPEN]
    heading("staffed hours (Sunday to Thursday)")
    print(
        f"{len(served)} served calls, {len(night)} of them started between 00:00 and 07:00, "
        f"{(night.ser_start_s < 3600).sum()} of these before 01:00 (callers left over from the evening)"
    )
    week = week[(week.joined >= OPEN) & (week.vru_exit_s >= OPEN)]
    out = []
    for date, day in week.groupby("date"):
        moments = np.sort(day.joined.to_numpy())
        gap = np.diff(moments)
        if gap.max() > 900:
            at = clock(moments[gap.argmax()] // HALF)
            print(
                f"  {date}: nothing for {gap.max() / 60:.0f} min, from the half-hour at {at}"
                + (" -> day left out" if gap.max() > LONG_SILENCE else " (kept)")
            )
        if gap.max() > LONG_SILENCE:
            out.append(date)
    week = week[~week.date.isin(out)].copy()
    week["slot"] = week.joined // HALF
    print(f"days used: {week.date.nunique()} (11 and 12 January are not in the data; no public holiday)")
    print("calls by type:", week.type.value_counts().to_dict(), "- IN, TT, PE, AA are left out as callers")
    return week


def volumes(week: pd.DataFrame) -> None:
    heading("calls per half-hour of an average day (all attempts)")
    days = week.date.nunique()
    counts = week.groupby(["slot", "type"]).size().unstack(fill_value=0)[list(TYPES)]
    print((counts / days).round(2).rename(index=clock).T.to_string(max_cols=None))
    print("calls:", counts.sum().to_dict(), "days:", days)
    heading("day's level beyond Poisson (moments) and its correlation between types")
    daily = week.groupby(["date", "type"]).size().unstack(fill_value=0)[list(TYPES)]
    mean = daily.mean()
    mixed = (daily.cov() - np.diag(mean)) / np.outer(mean, mean)
    cv = pd.Series(np.sqrt(np.diag(mixed)), index=mean.index)
    print("mean:", mean.round(1).to_dict(), "cv:", cv.round(3).to_dict())
    print((mixed / np.outer(cv, cv)).round(2).to_string())
    month = daily.groupby(daily.index.str[:7]).transform("mean")
    print("cv within each month:", np.sqrt((daily / month).var() - 1 / mean).round(3).to_dict())


def talk(week: pd.DataFrame) -> dict[str, float]:
    heading(f"talk time, calls of {SHORT} s and more (moments | lognormal fit)")
    short = {}
    for kind in TYPES:
        served = week[(week.type == kind) & ~week.hung]
        seconds = served.ser_time[served.ser_time >= SHORT]
        log = np.log(seconds)
        short[kind] = (served.ser_time < SHORT).sum() / (week.type == kind).sum()
        print(
            f"{kind}: n={len(seconds)} mean={seconds.mean():.1f} cv={seconds.std() / seconds.mean():.3f} | "
            f"mean={np.exp(log.mean() + log.var() / 2):.1f} cv={np.sqrt(np.exp(log.var()) - 1):.3f}; "
            f"under {SHORT} s: {(served.ser_time < SHORT).sum()} = {short[kind]:.2%} of all calls"
        )
    return short


def kaplan_meier(calls: pd.DataFrame, points: list[int]) -> tuple[list[float], list[int]]:
    """Share gone by each point, served calls censored at their wait; and how many are at risk there."""
    wait, gone = calls.wait.to_numpy(), calls.hung.to_numpy()
    times, left = np.unique(wait[gone], return_counts=True)
    at_risk = len(wait) - np.searchsorted(np.sort(wait), times)
    alive = np.r_[1.0, np.cumprod(1 - left / at_risk)]
    return list(1 - alive[np.searchsorted(times, points, "right")]), [int((wait >= p).sum()) for p in points]


def patience(calls: pd.DataFrame) -> None:
    heading("patience: share gone by ... s (both months, all days and hours; Kaplan-Meier)")
    ps, ne = calls[calls.type == "PS"], calls[calls.type == "NE"]
    groups = {
        "all types": calls,
        "PS": ps,
        "NW": calls[calls.type == "NW"],
        "NE": ne,
        "PS priority 0/1": ps[ps.priority.isin([0, 1]) & (ps.customer > 0)],
        "PS priority 2": ps[ps.priority == 2],
    }
    for name, some in groups.items():
        gone, risk = kaplan_meier(some, POINTS)
        print(f"{name}: n={len(some)} hung up={some.hung.sum()}")
        print("   " + "  ".join(f"{p}:{g:.4f}({r})" for p, g, r in zip(POINTS, gone, risk, strict=True)))
    print(f"(in brackets: still at risk; points with fewer than {ENOUGH_AT_RISK} are not used)")
    heading("balking: hang-ups in each second after joining, share of those still waiting")
    for kind, queued in calls[calls.queued & calls.type.isin(list(TYPES))].groupby("type"):
        rate = [((queued.wait == s) & queued.hung).sum() / (queued.wait >= s).sum() for s in range(12)]
        print(f"{kind}: n={len(queued)} " + " ".join(f"{r:.2%}" for r in rate))


def redials(week: pd.DataFrame, types: list[str], reference: list[str]) -> float:
    """Share of hang-ups followed by a redial within an hour, net of calls that would come anyway.

    A follow-up is seen only if it queued (the customer is not logged otherwise), so each is divided by the
    share of other calls at that delay that queued; the same is done for served calls, as the base rate.
    """
    known = week[week.customer > 0].sort_values("joined")
    by_customer = {key: g.joined.to_numpy() for key, g in known.groupby(["date", "customer"])}
    others = {
        date: (g.joined.to_numpy(), g.queued.to_numpy(), g.customer.to_numpy())
        for date, g in week[week.type.isin(reference)].sort_values("joined").groupby("date")
    }

    def followed(rows: pd.DataFrame) -> tuple[np.ndarray, float]:
        rows = rows[rows.end <= CLOSE - 3600]
        seen, queued, came = (np.zeros(len(DELAY_BINS) - 1) for _ in range(3))
        for date, customer, end in zip(rows.date, rows.customer, rows.end, strict=True):
            own = by_customer[date, customer]
            i = np.searchsorted(own, end, "right")
            if i < len(own) and own[i] - end < 3600:
                seen[np.searchsorted(DELAY_BINS, own[i] - end, "right") - 1] += 1
            at, was_queued, who = others[date]
            cut = np.searchsorted(at, end + DELAY_BINS)
            for b in range(len(seen)):
                other = who[cut[b] : cut[b + 1]] != customer
                came[b] += other.sum()
                queued[b] += (was_queued[cut[b] : cut[b + 1]] & other).sum()
        return seen / len(rows) * came / queued, seen.sum() / len(rows)

    some = known[known.type.isin(types)]
    hung = some[some.hung].assign(end=lambda d: d.joined + d.wait)
    served = some[~some.hung & (some.ser_time >= SHORT)].assign(end=lambda d: d.ser_exit_s)
    brief = some[~some.hung & (some.ser_time < SHORT)].assign(end=lambda d: d.ser_exit_s)
    (after, seen), (base, _), (cut_off, _) = followed(hung), followed(served), followed(brief)
    net = after - base
    share = float(net.sum() / (1 - base.sum()))
    middle = (DELAY_BINS[:-1] + DELAY_BINS[1:]) / 2
    mean = (net * middle).sum() / net.sum()
    print(
        f"{'+'.join(types)}: {len(hung)} identified hang-ups, {len(served)} served; another call within "
        f"1 h: seen {seen:.3f}, corrected {after.sum():.3f}, after a served call {base.sum():.3f}; "
        f"redial share {share:.3f}, mean delay {mean:.0f} s"
    )
    print("   net share by delay", dict(zip(DELAY_BINS[1:].tolist(), net.round(3).tolist(), strict=True)))
    print(
        f"   after a 'served' call under {SHORT} s (n={len(brief)}): {cut_off[:3].sum():.3f} call again in "
        f"5 min, after a longer one {base[:3].sum():.3f}"
    )
    return share


def priority(week: pd.DataFrame) -> float:
    heading("priority customers (logged only for callers who queued)")
    result = 0.0
    for kind in ("PS", "NE"):
        known = week[(week.type == kind) & week.queued & (week.customer > 0)]
        share = known.groupby("slot").apply(lambda g: (g.priority == 2).mean())
        calls = week[week.type == kind].groupby("slot").size().reindex(share.index)
        weighted = (share * calls).sum() / calls.sum()
        print(
            f"{kind}: n={len(known)} plain {(known.priority == 2).mean():.4f}, weighted by all calls of "
            f"the half-hour {weighted:.4f}; half-hours from {share.min():.2f} to {share.max():.2f}"
        )
        if kind == "PS":
            result = float(weighted)
            daily = week[week.type == kind].groupby("date").queued.mean()
            two = known.groupby("date").priority.apply(lambda p: (p == 2).mean())
            print(f"    slope on the day's share of calls that queued: {np.polyfit(daily, two, 1)[0]:.2f}")
    return result


def on_duty(rows: pd.DataFrame, gap: int) -> np.ndarray:
    """Agents between first and last call, silences over `gap` seconds taken out, summed over days."""
    minutes = np.arange(OPEN, CLOSE, 60)
    total = np.zeros(len(minutes))
    for _, one in rows.sort_values("ser_start_s").groupby(["date", "agent"]):
        start, end = one.ser_start_s.to_numpy(), np.maximum.accumulate(one.ser_exit_s.to_numpy())
        cut = np.flatnonzero(start[1:] - end[:-1] > gap)
        for a, b in zip(start[np.r_[0, cut + 1]], end[np.r_[cut, len(end) - 1]], strict=True):
            total += (minutes >= a) & (minutes < b)
    return total.reshape(-1, HALF // 60).mean(axis=1)


def agents(week: pd.DataFrame) -> None:
    heading("agents: share of calls by type")
    served = week[~week.hung & (week.ser_exit_s >= week.ser_start_s)].copy()
    mix = pd.crosstab(served.agent, served.type, normalize="index")
    mix = mix[served.groupby("agent").size() >= 50]
    names = ["generalists", "stock_trained", "stock_desk"]
    group = pd.cut(mix.NE, [-1, 0.04, 0.4, 1.1], labels=names).astype(str)
    for name, members in mix.groupby(group):
        print(
            f"{name} ({len(members)} agents): {' '.join(members.index)}; NE {members.NE.min():.0%} to "
            f"{members.NE.max():.0%}, NW {members.NW.min():.0%} to {members.NW.max():.0%}"
        )
    served["group"] = served.agent.map(group)
    days = week.date.nunique()
    busy = []  # agents talking at the moment somebody joins a queue who then waits 10 s or more
    for date, day in served.groupby("date"):
        start, end = np.sort(day.ser_start_s.to_numpy()), np.sort(day.ser_exit_s.to_numpy())
        at = week[(week.date == date) & (week.wait >= 10) & week.type.isin(["PS", "NW"])].joined.to_numpy()
        talking = np.searchsorted(start, at, "right") - np.searchsorted(end, at, "right")
        busy.append(pd.DataFrame({"slot": at // HALF, "talking": talking}))
    moments = pd.concat(busy).groupby("slot").talking
    table = pd.DataFrame({"n": moments.size(), "all_busy": moments.mean(), "sd": moments.std()}).reindex(GRID)
    other = served[served.type.isin(["IN", "TT", "PE"])]
    table["other_types"] = other.groupby(other.ser_start_s // HALF).ser_time.sum().reindex(GRID) / HALF / days
    for name, rows in served.groupby("group"):
        table[name] = on_duty(rows, 300) / days
    table["seen_15min"] = on_duty(served, 900) / days
    heading("agents on duty (estimate): talking when a caller has to wait; active, silences over 5 min out")
    print(table.rename(index=clock).round(2).to_string())


def wrap(week: pd.DataFrame) -> None:
    served = week[~week.hung & (week.ser_exit_s >= week.ser_start_s)]
    gaps = []
    for date, day in served.groupby("date"):
        line = week[(week.date == date) & (week.type == "PS") & week.queued]
        joined, left = np.sort(line.joined.to_numpy()), np.sort((line.joined + line.wait).to_numpy())
        for _, one in day.sort_values("ser_start_s").groupby("agent"):
            end, start = one.ser_exit_s.to_numpy()[:-1], one.ser_start_s.to_numpy()[1:]
            waiting = np.searchsorted(joined, end - 5, "right") - np.searchsorted(left, end + 5, "right")
            gaps.append((start - end)[(waiting >= 3) & (start >= end)])
    gap = np.concatenate(gaps)
    heading("from one call to the next while 3 or more PS callers wait (wrap and pick-up)")
    print(
        f"n={len(gap)} quartiles {np.quantile(gap, [0.25, 0.5, 0.75])} s; up to 2 min "
        f"(n={(gap <= 120).sum()}): mean {gap[gap <= 120].mean():.1f} s"
    )


def performance(week: pd.DataFrame) -> None:
    heading("what happened (calls that reached the queue)")
    some = week[week.type.isin(list(TYPES))]
    some = some.assign(met=~some.hung & (some.wait <= 20), served_wait=some.wait.where(~some.hung))
    figures = {
        "n": ("wait", "size"),
        "queued": ("queued", "mean"),
        "abandoned": ("hung", "mean"),
        "within_20s": ("met", "mean"),
        "mean_wait": ("wait", "mean"),
        "asa": ("served_wait", "mean"),
    }
    print(some.groupby("type").agg(**figures).round(3).to_string())
    print("all:", {k: round(float(some[c].agg(f)), 3) for k, (c, f) in figures.items()})
    known = some[some.queued & (some.type == "PS") & (some.customer > 0)]
    print("PS that queued:", known.groupby("priority").agg(**figures).round(3).to_string(), sep="\n")
    for name, columns in (("half-hour", ["slot"]), ("half-hour and type", ["type", "slot"])):
        print(f"by {name}:")
        print(some.groupby(columns).agg(**figures).rename(index=clock, level="slot").round(3).to_string())


def main() -> None:
    pd.set_option("display.width", 250)
    calls = load()
    patience(calls)
    week = staffed(calls)
    volumes(week)
    short = talk(week)
    two = priority(week)
    heading("redials (the customer is known for PS and NE callers who queued, never for NW)")
    ps = redials(week, ["PS"], ["PS"])
    share = {"PS": ps, "NW": ps, "NE": redials(week, ["NE"], ["PS", "NE"])}
    heading("first attempts as a share of all: without redials and without the call after a short one")
    queues = (("regular", "PS", 1), ("priority", "PS", 2), ("new", "NW", 0), ("stocks", "NE", 0))
    for name, kind, level in queues:
        some = week[week.type == kind]
        lost = some.hung.mean()
        if level:
            known = some[some.queued & (some.customer > 0)]
            lost = some.queued.mean() * known[(known.priority == 2) == (level == 2)].hung.mean()
        print(
            f"{name}: abandoned {lost:.4f} x redial {share[kind]:.3f}, short {short[kind]:.4f} -> "
            f"{1 - lost * share[kind] - short[kind]:.3f}"
        )
    print(f"PS is split: priority {two:.4f}, regular {1 - two:.4f}")
    agents(week)
    wrap(week)
    performance(week)


if __name__ == "__main__":
    main()
