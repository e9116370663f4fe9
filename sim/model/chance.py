"""Every random number of the simulator, as a pure function of whom it is for and what it decides.

Philox 4×64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), bit for bit as in
`numpy.random.Philox`: the key is (seed, hash of the stream's name), the counter is (customer,
need << 32 | attempt, replication, block), and each of the four numbers x of a block gives the uniform
((x >> 11) + ½)·2⁻⁵³, strictly inside (0, 1). Any number can be had without drawing another, so a customer
keeps every number whatever the plan. Numbers that are needed together share a block of four:

| block | numbers | taken | what they decide |
| --- | --- | --- | --- |
| 0 | TALK, WRAP | need, attempt 0 | talk time, wrap-up time |
|   | PATIENCE, BALK | need, attempt | how long the caller holds on; whether it joins a queue at all |
| 1 | REDIAL, REDIAL_DELAY | need, attempt | whether it tries again, and how much later |
|   | CALLBACK, IVR | need, attempt | whether it accepts a callback; self-served, hung up or on to the queue |
| 2 | IVR_TIME | need, attempt | time in the IVR |
|   | TRANSFER | need, attempt 0 | whether and where it is transferred |
|   | REPEAT, REPEAT_DELAY | need, attempt 0 | whether a served customer comes again, and how much later |
| 3 | LEAVE, CLASS, VALUE | customer | leaves for good; its class; its worth |
|   | SWITCH | need, attempt | whether it tries another channel |
| 4 | REACHED | need, dial | whether a dialled customer picks up |
|   | ABSENT | agent position | whether this position of a group is away for the day |
|   | SWITCH_DELAY, ANNOUNCED | need, attempt | how long until it switches; what the announcement does |
| 5 | GAP | four customers a block | the gap before a first arrival, by `gap_u` |
| 6 | DAY | replication | the day's factor on the volume |
"""

from hashlib import blake2b
from typing import Any

import numpy as np

from sim.jit import add, constant, kernel, multiply, word

TALK, WRAP, PATIENCE, BALK = 0, 1, 2, 3
REDIAL, REDIAL_DELAY, CALLBACK, IVR = 4, 5, 6, 7
IVR_TIME, TRANSFER, REPEAT, REPEAT_DELAY = 8, 9, 10, 11
LEAVE, CLASS, VALUE, SWITCH = 12, 13, 14, 15
REACHED, ABSENT, SWITCH_DELAY, ANNOUNCED = 16, 17, 18, 19
GAP = 20
DAY = 24

_GAPS = GAP >> 2
_FACTORS = constant(0xD2E7470EE14C6C93), constant(0xCA5A826395121157)
_STEPS = constant(0x9E3779B97F4A7C15), constant(0xBB67AE8584CAA73B)
_HALF, _TOP, _PAIR, _LANES = constant(32), constant(11), constant(2), constant(3)
_LARGEST = 1.0 - 2.0**-53


def stream_key(name: str) -> np.uint64:
    """Return the key word of a stream's name: 8 bytes of BLAKE2b, the same on every machine."""
    return np.uint64(int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little"))


@kernel
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Return the four words of Philox 4×64-10 at this counter under this key."""
    c0, c1, c2, c3, k0, k1 = word(c0), word(c1), word(c2), word(c3), word(k0), word(k1)
    for _ in range(10):
        high0, low0 = multiply(c0, _FACTORS[0])
        high1, low1 = multiply(c2, _FACTORS[1])
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = add(k0, _STEPS[0]), add(k1, _STEPS[1])
    return c0, c1, c2, c3


@kernel
def unit(x: Any) -> float:
    """Return the uniform of a word; the one word whose uniform would round to 1 gets the float below 1."""
    return min((float(np.int64(word(x) >> _TOP)) + 0.5) * 2.0**-53, _LARGEST)


@kernel
def block(
    seed: Any, stream: Any, replication: Any, customer: Any, need: Any, attempt: Any, purpose_block: Any
) -> Any:
    """Return the four uniforms of a block; purposes 4·b … 4·b + 3 are in block b, `attempt` may be a dial."""
    which = (word(need) << _HALF) | word(attempt)
    x0, x1, x2, x3 = philox(customer, which, replication, purpose_block, seed, stream)
    return unit(x0), unit(x1), unit(x2), unit(x3)


@kernel
def u(
    seed: Any, stream: Any, replication: Any, customer: Any, need: Any, attempt: Any, purpose: Any
) -> float:
    """Return the uniform of one purpose (not GAP: see `gap_u`)."""
    purpose = word(purpose)
    numbers = block(seed, stream, replication, customer, need, attempt, purpose >> _PAIR)
    return _lane(numbers, purpose)


@kernel
def gap_u(seed: Any, stream: Any, replication: Any, customer: Any) -> float:
    """Return the uniform of the gap before a customer's first arrival, four customers a block."""
    return _lane(gap_block(seed, stream, replication, customer), word(customer))


@kernel
def gap_block(seed: Any, stream: Any, replication: Any, customer: Any) -> Any:
    """Return the gap uniforms of a customer and its neighbours: numbers 4·k … 4·k + 3."""
    return block(seed, stream, replication, word(customer) >> _PAIR, 0, 0, _GAPS)


@kernel
def _lane(numbers: Any, which: Any) -> float:
    """Return one of four numbers, by the last two bits."""
    return numbers[which & _LANES]
