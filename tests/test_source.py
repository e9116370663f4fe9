"""A document is read by the rules of YAML 1.2, remembers its lines, and is refused in one sentence."""

import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sim.errors import InputError
from sim.scenario.source import parse, read


def refusal(text):
    with pytest.raises(InputError) as caught:
        parse(text, "s.yaml")
    return str(caught.value)


def data(text):
    return parse(text).data


def test_times_words_and_dates_stay_text():
    assert data(
        "a: 20:00\nb: no\nc: on\nd: 2026-01-01\ne: 12:30:45\nf: 15%\ng: '40'\nh: =\ni: !!str 5\n"
    ) == {
        "a": "20:00",
        "b": "no",
        "c": "on",
        "d": "2026-01-01",
        "e": "12:30:45",
        "f": "15%",
        "g": "40",
        "h": "=",
        "i": "5",
    }


def test_numbers_truth_values_and_nothing_are_read_as_such():
    assert data("a: 1e3\nb: 0o17\nc: -2\nd: 2.5\ne: true\nf: null\ng:\nh: ~\ni: .inf\nj: 0x1f\nk: 08\n") == {
        "a": 1000.0,
        "b": 15,
        "c": -2,
        "d": 2.5,
        "e": True,
        "f": None,
        "g": None,
        "h": None,
        "i": float("inf"),
        "j": 31,
        "k": 8,
    }


def test_keys_are_text_whatever_they_look_like():
    assert data("40: 15%\n08:00: 31\n2026-01-01: x\ntrue: y\n1.0: z") == {
        "40": "15%",
        "08:00": 31,
        "2026-01-01": "x",
        "true": "y",
        "1.0": "z",
    }


def test_every_key_and_item_has_its_line_and_others_that_of_their_parent():
    source = parse("# a comment\nqueues:\n  support:\n    points: {40 s: 15%}\nlist:\n  - 1\n  - {x: 2}\n")
    assert source.line_of(("queues", "support", "points", "40 s")) == 4
    assert source.line_of(("queues", "support", "talk", "mean")) == 3
    assert source.line_of(("list", 1, "x")) == 7
    assert source.line_of(("list", 0)) == 6
    assert source.line_of(("nothing",)) == source.line_of(()) == 2


def test_an_alias_repeats_what_its_anchor_names():
    assert data("a: &x {b: 1}\nc: *x\nd: &x 2\ne: *x\n") == {"a": {"b": 1}, "c": {"b": 1}, "d": 2, "e": 2}


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert data("\ufeffa: 1") == data(b"\xef\xbb\xbfa: 1") == data("a: 1\r\n") == {"a": 1}


def test_json_is_read_with_its_lines_and_with_tabs():
    source = parse('{\n\t"a": 1,\n\t"b": [1,\n\t\t2, {"c": "\\ud83d\\ude00"}]}')
    assert source.data == {"a": 1, "b": [1, 2, {"c": "😀"}]}
    assert [source.line_of(p) for p in (("a",), ("b",), ("b", 0), ("b", 1), ("b", 2, "c"))] == [2, 3, 3, 4, 4]
    assert data('{"a": 1,}') == data("{a: 1}") == {"a": 1}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 2\n", 3, 'a: duplicate key "a", first on line 1'),
        ('a:\n  1: x\n  "1": y\n', 3, 'a.1: duplicate key "1", first on line 2'),
        ('{"a": 1,\n"a": 2}', 2, 'duplicate key "a", first on line 1'),
        ("a:\n\tb: 1\n", 2, "a tab is used for indentation: use spaces"),
        ("a: 1\n\tb: 2\n", 2, "a tab is used for indentation"),
        ("a:\n  - 1\n\t- 2\n", 3, "a tab is used for indentation"),
        ("a: !!python/object:os.system x", 1, 'the tag "!!python/object:os.system" is not read'),
        ("a: !mine x", 1, 'the tag "!mine" is not read'),
        ("a: !!set {b}", 1, 'the tag "!!set" is not read'),
        ("!!python/name:os.system a: 1", 1, "the tag"),
        ("a: !!int abc", 1, '"abc" is not of the type int'),
        ("a: *b", 1, "refers to an anchor that is not there: put it in quotes"),
        ("a: &a [*a]", 1, "nested more than 100 levels deep"),
        ("a: 1\n---\nb: 2\n", 2, "more than one document"),
        ("\na: {b: 1\n", 2, 'the "{" opened here is not closed'),
        ("\na: [1, 2\n", 2, 'the "[" opened here is not closed'),
        ("\na: 'x\nb: 2\n", 2, "a quote is opened here and never closed"),
        ("- a", 1, "the file is not a mapping"),
        ("hello", 1, "the file is not a mapping"),
        ("[1, 2]", 1, "the file is not a mapping"),
        ("? [a, b]\n: 1", 1, "a key is a list or a mapping: write text"),
        ("b: 2\n<<: {a: 1}\n", 2, '"<<" does not merge here'),
        ("~: 1", 1, "a key is missing"),
        ("a: b: c", 1, "a key cannot stand here"),
        ("a: 1\n  b: 2\n", 2, "check indentation"),
        ("a:\n  b: 1\n c: 2\n", 3, "the indentation does not fit the lines above"),
        ("a: 1\nb\nc: 2", 2, 'neither "key: value" nor part'),
        ("a: @x", 1, "text cannot start with this character: put it in quotes"),
        ('a: "C:\\Users"', 1, "starts an escape"),
        ("%YAML 1.1\n---\na: 20:00\n", 1, "only YAML 1.2 is read"),
        ("a: 1\nb: \x00", 2, "a control character"),
        ('a: "\\0"', 1, "a character that does not print"),
        ('{"a": "\\u0000"}', 1, "a character that does not print"),
        ('{"a\\n": 1}', 1, "a character that does not print"),
        ('{"a": "\\ud83d"}', 1, r'"\ud83d" holds a character that does not print'),
        pytest.param("a: " + "9" * 5000, 1, "is not of the type int", id="5000 digits"),
        (b"a: 1\nb: \xe9", 2, "the file is not UTF-8 (byte 0xe9): save it as UTF-8"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_line(text, line, said):
    message = refusal(text)
    assert message.startswith(f"s.yaml, line {line}: ")
    assert said in message
    assert message.isprintable()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        (" \n\n", "the file is empty"),
        ("# only this\n", "nothing but comments"),
        ("a: 1".encode("utf-16"), "looks like UTF-16: save it as UTF-8"),
        ("a: 1".encode("utf-16-le"), "looks like UTF-16"),
        (b"PK\x03\x04", "a workbook or ZIP archive"),
    ],
)
def test_a_file_that_cannot_be_read_at_all_says_why(text, said):
    message = refusal(text)
    assert message.startswith("s.yaml")
    assert said in message


def test_a_file_nested_too_deep_is_refused():
    for levels in (150, 20000):
        for text in ("a: " + "[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels):
            assert "nested more than 100 levels deep" in refusal(text)
    assert "nested more than 100 levels deep" in refusal("- " * 20000)


def test_a_file_too_large_is_refused():
    assert "larger than 20 MB" in refusal("x" * 20_000_001)
    assert "more than 2 MB of YAML" in refusal("a: " + "x" * 2_000_001)


def test_aliases_that_explode_are_stopped():
    laughs = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
    for level in range(1, 12):
        laughs += f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n"
    assert "more than 200,000 values, aliases (*) unfolded" in refusal(laughs)


def test_a_file_is_read_with_its_name_and_folder(tmp_path):
    path = tmp_path / "support.yaml"
    path.write_text("a: é\n", encoding="utf-8")
    source = read(path)
    assert (source.data, source.file, source.folder) == ({"a": "é"}, str(path), tmp_path)


def test_a_missing_file_is_named_with_the_nearest_that_exists(tmp_path):
    (tmp_path / "support.yaml").write_text("a: 1")
    with pytest.raises(InputError, match=r'suport.yaml: no such file \(did you mean "support.yaml"\?\)'):
        read(tmp_path / "suport.yaml")
    with pytest.raises(InputError, match="no such file: check"):
        read(tmp_path / "nowhere" / "support.yaml")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        read("a\0b.yaml")


def test_a_dash_reads_stdin(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("a: é\na: 2".encode())))
    with pytest.raises(InputError, match=r"stdin, line 2: a: duplicate key"):
        read("-")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a: 1")))
    assert read("-").folder == Path.cwd()


PIECES = r"""a|b: |: |- |{|}|[|]|, |&a |*a|!!|!x |'|"|>|#|%|<<|?|\|\u|40 s|1|~|---|...|@|0o9|| """
pieces = st.sampled_from([*PIECES.split("|"), "|", "\n", "\n  ", "\n\t", "\r", "\x85", "\u2028"])
documents = st.text() | st.binary() | st.lists(pieces, max_size=25).map("".join)


@given(documents | documents.map(lambda part: part if isinstance(part, bytes) else '{"a": ' + part + "}"))
@settings(deadline=None)
@example("a: !!timestamp x")
@example("a: !!float x")
@example('"\\U99999999": 1')
def test_any_text_becomes_a_mapping_or_one_sentence(text):
    try:
        source = parse(text, "s.yaml")
    except InputError as problem:
        assert str(problem).isprintable()
    else:
        json.dumps(source.data).encode()  # plain data and nothing else
        assert all(isinstance(line, int) and line >= 1 for line in source.lines.values())


trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("ab :,{}[]\"'", max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("ab: {", max_size=4), trees, max_size=4), st.sampled_from([None, 1, "\t"]))
@settings(deadline=None)
def test_every_json_object_is_read_as_json_reads_it_and_each_place_has_a_line(tree, indent):
    source = parse(json.dumps(tree, indent=indent))
    assert source.data == tree

    def places(value, path):
        yield path
        inner = (
            value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        )
        for key, item in inner:
            yield from places(item, (*path, key))

    assert set(source.lines) == set(places(tree, ()))
