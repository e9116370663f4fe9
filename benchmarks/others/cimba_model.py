"""cimba: compiled Python on a C engine; callers are spawned models with a timer for their patience."""

import cimba as cb
from cimba import random
from workloads import WITHIN, Day, Row

PACKAGE = "cimba"
WORKS = ("W1",)
GAVE_UP = 1


class Caller(cb.Model):
    centre: cb.Ref["Centre"]

    @cb.process
    def call(self):
        centre, joined, me = self.centre, cb.now(), cb.this_process()
        me.timer_set(random.exponential(centre.patience), GAVE_UP)
        signal = centre.agents.acquire()
        me.timers_clear()
        waited = cb.now() - joined
        if joined >= centre.warm_up:
            centre.offered += 1.0
            centre.wait += waited
            if signal == GAVE_UP:
                centre.abandoned += 1.0
            elif waited <= WITHIN:
                centre.answered_within += 1.0
        if signal != GAVE_UP:
            cb.hold(random.exponential(centre.handle))
            centre.agents.release()


class Centre(cb.Model):
    gap: cb.Param[float]
    handle: cb.Param[float]
    patience: cb.Param[float]
    warm_up: cb.Param[float]
    agents: cb.Resource
    calls: cb.Output[float]
    offered: cb.Output[float]
    abandoned: cb.Output[float]
    wait: cb.Output[float]
    answered_within: cb.Output[float]

    @cb.on_start
    def blank(self):
        self.calls = self.offered = self.abandoned = self.wait = self.answered_within = 0.0

    @cb.process
    def callers(self):
        while True:
            cb.hold(random.exponential(self.gap))
            self.calls += 1.0
            cb.spawn(Caller, centre=self)


def play(day: Day, days: int, seed: int) -> list[Row]:
    model = Centre()
    model.gap, model.handle, model.patience = 1 / day.rates[0], day.handle, day.patience
    model.warm_up, model.agents = day.warm_up, cb.Resource(capacity=day.staffing[0])
    window = cb.Window(duration=day.length)
    results = cb.Experiment(model, replications=days, window=window, seed=seed).run(workers=1)
    of = results[model]
    columns = (of.calls, of.offered, of.abandoned, of.wait, of.answered_within)
    return [tuple(float(x) for x in row) for row in zip(*(c.values.ravel() for c in columns), strict=True)]
