"""Ciw: one node with reneging, figures from its records."""

import ciw
from workloads import WITHIN, Day, Row

PACKAGE = "ciw"
WORKS = ("W1",)


def play(day: Day, days: int, seed: int) -> list[Row]:
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(day.rates[0])],
        service_distributions=[ciw.dists.Exponential(1 / day.handle)],
        reneging_time_distributions=[ciw.dists.Exponential(1 / day.patience)],
        number_of_servers=[day.staffing[0]],
    )
    ciw.seed(seed)
    rows = []
    for _ in range(days):
        simulation = ciw.Simulation(network)
        simulation.simulate_until_max_time(day.length)
        records = simulation.get_all_records()
        counted = [r for r in records if r.arrival_date >= day.warm_up]
        abandoned = sum(r.record_type == "renege" for r in counted)
        wait = sum(r.waiting_time for r in counted)
        within = sum(r.record_type == "service" and r.waiting_time <= WITHIN for r in counted)
        rows.append((len(records), len(counted), abandoned, wait, within))
    return rows
