"""Quantities are read exactly, said again readably, and refused in one sentence with a remedy."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError, nearest, shown
from sim.scenario import units

PARSERS = [
    units.duration,
    units.duration_span,
    units.share,
    units.factor,
    units.rate,
    units.clock,
    units.span,
    units.weekday,
    units.weekdays,
]


def refusal(parse, value, **options):
    with pytest.raises(InputError) as caught:
        parse(value, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("40 s", 40),
        ("40s", 40),
        (" 40  sec ", 40),
        ("4 min", 240),
        ("4.1 min", 246),
        ("1.5 h", 5400),
        ("2 d", 172800),
        ("2 days", 172800),
        ("1 week", 604800),
        ("500 ms", 0.5),
        ("1 h 30 min", 5400),
        ("1h30min", 5400),
        ("1 d 2 h 3 min 4 s", 93784),
        ("0 s", 0),
        (".5 Min", 30),
        ("1e-05 s", 1e-5),
    ],
)
def test_durations_are_read_into_seconds(text, seconds):
    assert units.duration(text) == seconds


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (40, '"40" needs a unit, as in "40 s"'),
        ("40", '"40" needs a unit, as in "40 s"'),
        (0, '"0" needs a unit, as in "0 s"'),
        (2.5, '"2.5" needs a unit, as in "2.5 s"'),
        ("-3 s", '"-3 s" must not be negative'),
        ("1 h -3 min", "must not be negative"),
        ("1,5 h", '"1,5 h" contains a comma: write a decimal point'),
        ("40 m", '"40 m" has the unit "m": write "min" for minutes'),
        ("40 parsecs", '"40 parsecs" has no unit that is known: use ms, s, min, h or d'),
        ("30 min 1 h", "go from the larger unit to the smaller"),
        ("1 h 1 h", "go from the larger unit to the smaller"),
        ("1h30", '"1h30" is not a duration: write a number and a unit'),
        ("00:40", '"00:40" is not a duration'),
        ("", '"" is not a duration'),
        (None, "null is not a duration"),
        (True, "true is not a duration"),
        ([1], "[1] is not a duration"),
        ("nan s", '"nan s" is not a duration'),
        (math.nan, ".nan is not a finite number"),
        (-math.inf, "-.inf is not a finite number"),
        (10**400, "is not a finite number"),
        ("1e999 s", '"1e999 s" is not a finite number'),
        ("٤ s", "is not a duration"),
    ],
)
def test_a_duration_that_cannot_be_is_refused_with_a_remedy(value, said):
    assert said in refusal(units.duration, value)


def test_spans_of_durations_have_a_low_and_a_high_end():
    assert units.duration_span("0 h - 30 h") == (0, 108000)
    assert units.duration_span("30 min–2 h") == (1800, 7200)
    assert '"0-30 h" is not a span of durations: write two' in refusal(units.duration_span, "0-30 h")
    assert 'runs backwards: write "1 h - 3 h"' in refusal(units.duration_span, "3 h - 1 h")
    assert "is not a span of durations" in refusal(units.duration_span, "30 h")


@pytest.mark.parametrize(
    ("value", "fraction"), [("15%", 0.15), ("12.3 %", 0.123), (0.15, 0.15), ("0.15", 0.15), (1, 1), ("0%", 0)]
)
def test_shares_are_read_as_fractions(value, fraction):
    assert units.share(value) == fraction


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (15, "15 is not a share: write 15% or 0.15"),
        ("15", '"15" is not a share: write 15% or 0.15'),
        (1.5, "1.5 is not a share: write 1.5% or 0.015"),
        ("150%", '"150%" is over 100%: a share lies between 0% and 100%'),
        (150, "150 is over 100%"),
        (-0.1, "-0.1 must not be negative"),
        ("-5%", '"-5%" must not be negative'),
        (math.nan, ".nan is not a finite number"),
        ("1,5%", "contains a comma"),
        ("lots", '"lots" is not a share: write 15% or 0.15'),
        (True, "true is not a share"),
        (None, "null is not a share"),
    ],
)
def test_a_share_that_cannot_be_is_refused_with_a_remedy(value, said):
    assert said in refusal(units.share, value)


def test_a_share_may_have_another_upper_bound():
    assert units.share(1.5, most=2) == 1.5
    assert "is over 200%" in refusal(units.share, "250%", most=2)


def test_a_factor_may_exceed_one_but_not_fall_below_zero():
    assert units.factor("110%") == units.factor(1.1) == 1.1
    assert units.factor(12) == 12
    assert "must not be negative: write 0% or more" in refusal(units.factor, "-1%")
    assert '"a" is not a factor: write 110% or 1.1' in refusal(units.factor, "a")


@pytest.mark.parametrize(
    "text", ["48 / min", "48/min", "2880 per hour", "2880 / h", "0.8 / s", "69120 / day"]
)
def test_rates_are_read_per_second(text):
    assert units.rate(text) == 0.8


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (48, '"48" needs a time, as in "48 / min"'),
        ("48", '"48" needs a time'),
        ("48 / m", 'write "min" for minutes'),
        ("48 / fortnight", "has no unit that is known"),
        ("-4 / min", "must not be negative"),
        ("1,5 / s", "contains a comma"),
        ("48 calls", "is not a rate: write a number per time"),
        (math.inf, "is not a finite number"),
    ],
)
def test_a_rate_that_cannot_be_is_refused_with_a_remedy(value, said):
    assert said in refusal(units.rate, value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("08:00", 28800), ("8:30", 30600), ("24:00", 86400), ("08:30:15", 30615), ("00:00", 0)],
)
def test_clock_times_are_read_into_seconds_from_midnight(text, seconds):
    assert units.clock(text) == seconds


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (480, '480 is not a clock time: write "08:00", in quotes'),
        (1200, 'write "20:00", in quotes'),
        (8, '8 is not a clock time: write it with a colon and in quotes, as in "08:00"'),
        (8.5, "write it with a colon"),
        ("8.30", "write hours and minutes of the 24-hour clock"),
        ("8 pm", "24-hour clock"),
        ("8:5", "is not a clock time"),
        ("24:01", '"24:01" is not on the clock: times run from 00:00 to 24:00'),
        ("12:60", "is not on the clock"),
        ("-1:00", "is not a clock time"),
        (None, "null is not a clock time"),
    ],
)
def test_a_clock_time_that_cannot_be_is_refused_with_a_remedy(value, said):
    assert said in refusal(units.clock, value)


def test_a_span_of_the_day_is_returned_as_it_stands_even_over_midnight():
    assert units.span("10:00-13:00") == (36000, 46800)
    assert units.span("22:00 – 6:00") == (79200, 21600)
    assert "is empty" in refusal(units.span, "10:00-10:00")
    assert "is not a span of the day" in refusal(units.span, "10:00")
    assert '"x" is not a clock time' in refusal(units.span, "10:00-x")


def test_numbers_are_numbers_and_nothing_else():
    assert units.number(2.5) == 2.5
    assert units.number(3.0, integer=True) == 3
    assert units.number(2**60 + 1, integer=True) == 2**60 + 1
    assert units.number(np.int64(4), integer=True) == 4
    assert '"12" is text: write the number without quotes' in refusal(units.number, "12")
    assert "true is not a number" in refusal(units.number, True)
    assert ".nan is not a finite number" in refusal(units.number, math.nan)
    assert "2.5 is not a whole number: write one such as 2" in refusal(units.number, 2.5, integer=True)
    assert "-1 must not be negative" in refusal(units.number, -1, least=0)
    assert "0 is too small: write a whole number of 1 or more" in refusal(
        units.number, 0, least=1, integer=True
    )
    assert "7 is too large: write a number of 5 or less" in refusal(units.number, 7, most=5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (12.44, "12.4 s"),
        (40, "40 s"),
        (60, "1 min"),
        (90, "90 s"),
        (240, "4 min"),
        (245.3, "4 min 5 s"),
        (3599.6, "1 h"),
        (5400, "1 h 30 min"),
        (54720, "15 h 12 min"),
        (720000, "200 h"),
        (-40, "-40 s"),
        (math.nan, "–"),
        (math.inf, "∞"),
    ],
)
def test_durations_are_said_readably(seconds, text):
    assert units.say_duration(seconds) == text


def test_shares_are_said_to_three_digits_and_never_rounded_up_to_all():
    said = [units.say_share(x) for x in (0.15, 0.123456, 1, 0.99987, 1.1, 12.34, 0, -0.05, math.nan)]
    assert said == ["15%", "12.3%", "100%", "99.99%", "110%", "1230%", "0%", "-5%", "–"]


def test_moments_are_said_as_clock_times_with_the_day_after_marked():
    said = [units.say_clock(x) for x in (0, 30600, 30615, 86400, 93600)]
    assert said == ["00:00", "08:30", "08:30:15", "24:00", "+1 02:00"]


@given(st.floats(0, 1e9))
def test_a_duration_said_can_be_read_again_to_about_three_digits(seconds):
    again = units.duration(units.say_duration(seconds))
    assert again == pytest.approx(seconds, rel=0.01, abs=1e-6)


@given(st.integers(0, 86400))
def test_a_clock_time_said_can_be_read_again(seconds):
    assert units.clock(units.say_clock(seconds)) == seconds


quantities = st.text() | st.from_regex(
    r"[-+]?[0-9.,e]{1,6} ?[%/:a-z -]{0,5}[0-9]{0,3} ?(s|min|h)?", fullmatch=True
)
anything = st.one_of(
    quantities,
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.lists(quantities, max_size=3),
    st.dictionaries(quantities, st.integers(), max_size=3),
)


@given(anything)
def test_whatever_is_given_is_read_or_refused_in_one_line(value):
    for parse in [*PARSERS, units.number]:
        try:
            result = parse(value)
        except InputError as problem:
            assert str(problem).isprintable()
            assert len(str(problem)) < 300
        else:
            ends = result if isinstance(result, tuple) else (result,)
            assert all(math.isfinite(end) for end in ends)
            assert parse is units.number or min(ends) >= 0


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", (0,)),
        ("Monday", (0,)),
        (" SUN ", (6,)),
        ("mon-fri", (0, 1, 2, 3, 4)),
        ("monday - wed", (0, 1, 2)),
        ("sat–mon", (5, 6, 0)),
        ("mon, wed-thu,sun", (0, 2, 3, 6)),
        ("thu-thu", (3,)),
    ],
)
def test_weekdays_are_read_by_name_span_and_list(text, days):
    assert units.weekdays(text) == days


def test_weekdays_are_said_as_they_are_written():
    for text in ("mon", "mon-fri", "sat-mon", "mon, wed", "mon, wed, thu, sun", "fri, sat"):
        assert units.say_weekdays(units.weekdays(text)) == text
    assert units.say_day_clock((0, 1, 2), 8 * 3600.0) == "mon-wed 08:00"
    assert units.say_day_clock(None, 8 * 3600.0) == "08:00"


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("08:00", (None, 28800)),
        ("mon 08:00", ((0,), 28800)),
        ("mon-wed  24:00", ((0, 1, 2), 86400)),
        ("sat, sun 00:30:15", ((5, 6), 1815)),
    ],
)
def test_a_clock_time_may_have_weekdays(text, read):
    assert units.day_clock(text) == read


def test_a_span_of_the_day_may_have_weekdays():
    assert units.day_span("10:00-13:00") == (None, 36000, 46800)
    assert units.day_span("mon-fri 22:00 - 06:00") == ((0, 1, 2, 3, 4), 79200, 21600)
    assert units.day_span("sat–sun 10:00–13:00") == ((5, 6), 36000, 46800)


@pytest.mark.parametrize(
    ("parse", "value", "said"),
    [
        (
            units.weekday,
            "Mnday",
            '"Mnday" is not a weekday (did you mean "monday"?): write one such as "mon"',
        ),
        (units.weekday, 1, "1 is not a weekday: write one such as"),
        (units.weekday, "", '"" is not a weekday: write'),
        (units.weekdays, "mon-wed-fri", '"mon-wed-fri" is no span of weekdays: write one such as "mon-fri"'),
        (units.weekdays, "mon, mon", '"mon, mon" names a day twice: name it once'),
        (units.weekdays, "mon-fri, wed", "names a day twice"),
        (units.weekdays, 3, "3 is not a weekday"),
        (units.day_clock, "fry 08:00", '"fry" is not a weekday (did you mean'),
        (units.day_clock, "mon 8", '"8" is not a clock time'),
        (units.day_clock, "mon", '"mon" is not a clock time'),
        (units.day_span, "mon 08:00", '"08:00" is not a span of the day'),
    ],
)
def test_what_is_no_weekday_is_refused(parse, value, said):
    assert said in refusal(parse, value)


def test_an_error_names_file_line_and_path_in_one_line():
    problem = InputError('"40" needs a unit, as in "40 s"', path="queues.support.talk.mean")
    assert str(problem) == 'queues.support.talk.mean: "40" needs a unit, as in "40 s"'
    placed = problem.at(path="elsewhere", file="support.yaml", line=12)
    assert str(placed) == 'support.yaml, line 12: queues.support.talk.mean: "40" needs a unit, as in "40 s"'
    assert str(InputError("is empty", file="two\nlines.yaml")) == r"two\nlines.yaml: is empty"
    assert str(InputError("x", path="mean").under("talk")) == "talk.mean: x"
    assert str(pickle.loads(pickle.dumps(placed))) == str(placed)


def test_a_line_is_never_joined_to_a_file_that_it_does_not_belong_to():
    assert str(InputError("x", file="a.csv").at(file="b.yaml", line=3)) == "a.csv: x"
    assert str(InputError("x", line=2).at(file="b.yaml", line=3)) == "b.yaml, line 2: x"


def test_values_are_shown_short_and_on_one_line():
    assert shown("a\nb") == r'"a\nb"'
    assert shown('say "x"') == r'"say \"x\""'
    assert shown("\x1b[31m\x7f\u202e\ud800é") == r'"\u001b[31m\u007f\u202e\ud800é"'.replace(
        "\\u007f", "\\U0000007f"
    )
    assert shown("x" * 1000) == '"' + "x" * 58 + '…"'
    assert shown({"a": [1, None, True, 2.5]}) == '{"a": [1, null, true, 2.5]}'
    assert shown(list(range(1000))) == "[0, 1, 2, 3, 4, 5, …]"
    assert shown(10**5000) == "a number of more than 60 digits"
    recursive: list = []
    recursive.append(recursive)
    assert shown(recursive) == "[[[[…]]]]"


def test_the_nearest_word_is_offered_if_one_is_near():
    assert nearest("stafing", ["skills", "staffing"]) == ' (did you mean "staffing"?)'
    assert nearest("Skills", ["skills", "staffing"]) == ' (did you mean "skills"?)'
    assert nearest("colour", ["skills", "staffing"]) == ""
