"""Every random number is Philox's, depends on all its coordinates, and is the same with and without JIT."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sim.model import chance

ROOT = Path(__file__).resolve().parent.parent
WORD = 1 << 64
STREAM = chance.stream_key("support")
AT = {"seed": 1, "stream": STREAM, "replication": 7, "customer": 812, "need": 2, "attempt": 3, "purpose": 9}


def numpys_words(counter: list[int], key: list[int]) -> list[int]:
    """NumPy counts one up before its first block, so it starts one below."""
    before = (sum(part << 64 * k for k, part in enumerate(counter)) - 1) % (1 << 256)
    return (
        np.random.Philox(counter=before, key=sum(part << 64 * k for k, part in enumerate(key)))
        .random_raw(4)
        .tolist()
    )


def words(given: np.random.Generator, count: int) -> list[int]:
    return [int(word) for word in given.integers(0, WORD, count, dtype=np.uint64)]


def test_philox_gives_the_words_of_numpy() -> None:
    given = np.random.default_rng(1)
    for _ in range(300):
        counter, key = words(given, 4), words(given, 2)
        unsigned = [np.uint64(word) for word in (*counter, *key)]
        assert list(chance.philox(*unsigned)) == numpys_words(counter, key)


@pytest.mark.parametrize("word", [0, 1, (1 << 63) - 1, 1 << 63, WORD - 1])
def test_philox_gives_the_words_of_numpy_at_the_edges(word: int) -> None:
    counter, key = [word] * 4, [word] * 2
    assert list(chance.philox(*map(np.uint64, (*counter, *key)))) == numpys_words(counter, key)


def test_a_block_is_numpys_at_the_documented_counter_and_key() -> None:
    drawn = numpys_words([812, 2 << 32 | 3, 7, 2], [1, int(STREAM)])
    expected = tuple(((word >> 11) + 0.5) * 2.0**-53 for word in drawn)
    assert chance.block(1, STREAM, 7, 812, 2, 3, 2) == expected
    assert tuple(chance.u(**AT | {"purpose": 8 + lane}) for lane in range(4)) == expected


def test_signed_and_unsigned_integers_give_the_same_number() -> None:
    expected = chance.u(**AT)
    for kind in (int, np.int64, np.uint64):
        assert (
            chance.u(**{name: kind(given) for name, given in AT.items() if name != "stream"}, stream=STREAM)
            == expected
        )


def test_changing_any_one_coordinate_changes_the_number() -> None:
    numbers = {chance.u(**AT)}
    for name, given in AT.items():
        for step in (1, 4, 1 << 20):
            numbers.add(chance.u(**AT | {name: type(given)(int(given) + step)}))
    assert len(numbers) == 1 + 3 * len(AT)


def test_no_two_purposes_share_a_number() -> None:
    names = [name for name in vars(chance) if name.isupper() and not name.startswith("_")]
    assert len({getattr(chance, name) for name in names}) == len(names) == 22


def test_what_is_needed_together_shares_a_block() -> None:
    talk, wrap, patience, balk = chance.block(1, STREAM, 7, 812, 0, 0, 0)
    purposes = (chance.TALK, chance.WRAP, chance.PATIENCE, chance.BALK)
    assert tuple(chance.u(1, STREAM, 7, 812, 0, 0, purpose) for purpose in purposes) == (
        talk,
        wrap,
        patience,
        balk,
    )


@pytest.mark.parametrize("word", [0, 1, WORD // 2, WORD - (1 << 11), WORD - 1])
def test_a_uniform_lies_strictly_between_0_and_1(word: int) -> None:
    assert 0.0 < chance.unit(np.uint64(word)) < 1.0


def test_four_customers_share_the_block_of_their_gaps() -> None:
    for first in (0, 4, 812):
        numbers = chance.block(1, STREAM, 7, first >> 2, 0, 0, chance.GAP >> 2)
        assert tuple(chance.gap_u(1, STREAM, 7, first + k) for k in range(4)) == numbers


def test_numbers_are_uniform_and_gaps_exponential() -> None:
    """Kolmogorov–Smirnov at a false-alarm rate of 1 in 1,000 each; the numbers are fixed: no flicker."""
    from scipy.special import kolmogorov

    count = 20_000
    gaps = np.array([chance.gap_u(5, STREAM, 0, customer) for customer in range(count)])
    talks = np.array([chance.u(5, STREAM, 0, customer, 0, 0, chance.TALK) for customer in range(count)])
    exponential = -np.log1p(-gaps)
    assert abs(exponential.mean() - 1.0) < 3.3 / np.sqrt(count)
    for numbers in (gaps, talks, -np.expm1(-exponential)):
        steps = np.arange(count + 1) / count
        ordered = np.sort(numbers)
        distance = max(np.max(steps[1:] - ordered), np.max(ordered - steps[:-1]))
        assert kolmogorov(distance * np.sqrt(count)) > 0.001
    assert abs(np.corrcoef(gaps, talks)[0, 1]) < 3.3 / np.sqrt(count)


def test_a_streams_key_is_the_same_everywhere() -> None:
    assert int(chance.stream_key("support")) == 0xC43986D15489037E
    assert chance.stream_key("support") != chance.stream_key("billing")
    assert chance.stream_key("ä") == chance.stream_key("\u00e4")


def test_without_the_jit_the_numbers_are_the_same() -> None:
    code = (
        "from sim.model import chance as c; from sim.jit import disabled; k = c.stream_key('support');"
        "print(disabled, [(c.philox(n, 2**63 + n, -n, n, 7, k), c.block(n, k, 1, n, 2, 3, 4),"
        "c.u(-n, k, 1, n, 2, 3, 4), c.gap_u(n, k, 1, n)) for n in range(20)])"
    )
    outputs = []
    for off in ("0", "1"):
        environment = {**os.environ, "NUMBA_DISABLE_JIT": off, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-W", "error::RuntimeWarning", "-c", code]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        outputs.append(done.stdout.split(maxsplit=1))
    (on, compiled), (off, plain) = outputs
    assert (on, off) == ("False", "True")
    assert compiled == plain
