"""salabim: a component for each caller, a request that fails when patience ends.

With `yield`, which ran a little faster than without (0.0032 to 0.0037 against 0.0029 million calls per
CPU-second, one run each on a busy machine; monitors made no clear difference). Most of its time goes
into the new component: salabim reads the signatures of its methods anew for each.
"""

import random

import salabim
from workloads import WITHIN, Day, Row

PACKAGE = "salabim"
WORKS = ("W1",)
salabim.yieldless(False)


class Caller(salabim.Component):
    def process(self):
        day, tally, joined = self.env.day, self.env.tally, self.env.now()
        yield self.request(self.env.agents, fail_delay=random.expovariate(1 / day.patience))
        waited = self.env.now() - joined
        if joined >= day.warm_up:
            tally[1] += 1
            tally[2] += self.failed()
            tally[3] += waited
            tally[4] += not self.failed() and waited <= WITHIN
        if not self.failed():
            yield self.hold(random.expovariate(1 / day.handle))


class Callers(salabim.Component):
    def process(self):
        while True:
            yield self.hold(random.expovariate(self.env.day.rates[0]))
            self.env.tally[0] += 1
            Caller()


def play(day: Day, days: int, seed: int) -> list[Row]:
    random.seed(seed)
    rows = []
    for _ in range(days):
        env = salabim.Environment(trace=False, random_seed="")
        env.day, env.tally = day, [0, 0, 0, 0.0, 0]
        env.agents = salabim.Resource("agents", capacity=day.staffing[0], monitor=False)
        Callers()
        env.run(till=day.length)
        rows.append(tuple(env.tally))
    return rows
