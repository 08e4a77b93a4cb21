import hashlib
import json

import pytest

from pomonag.errors import UserError
from pomonag.records.record_lines import FORMAT, body_of, line_of, read_lines


def read(*lines):
    entries, problems = read_lines(b"\n".join(lines), "a.jsonl", {})
    return [entry.record for entry in entries], problems


def line(record, identity="w-0"):
    return line_of(body_of(record), identity).rstrip(b"\n")


def of_format(number, rest=b'"id":"w-0","record":{"i":1},"more":2}'):
    checksum = hashlib.blake2b(b"%d," % number + rest, digest_size=8).hexdigest().encode()
    return b'{"format":%d,"checksum":"%s",%s' % (number, checksum, rest)


def test_a_line_is_json_with_its_format_identity_and_record():
    data = json.loads(line({"text": "ü\n", "x": 1.5}))
    assert list(data) == ["format", "checksum", "id", "record"]
    assert (data["format"], data["id"], data["record"]) == (FORMAT, "w-0", {"text": "ü\n", "x": 1.5})


def test_lines_of_the_first_format_are_read():
    # A line as the first version wrote it.
    first = b'{"checksum":"%s","record":{"i":1}}' % hashlib.blake2b(b'{"i":1}', digest_size=8).hexdigest().encode()
    assert read(first, line({"i": 2})) == ([{"i": 1}, {"i": 2}], [])
    damaged = first.replace(b'"i":1', b'"i":7')
    assert read(damaged)[0] == []
    assert "checksum does not match" in str(read(damaged)[1][0])


def test_a_newer_format_is_refused_by_name_and_place():
    with pytest.raises(
        UserError, match=rf"a\.jsonl:2 is a record of format {FORMAT + 1}, .*formats up to {FORMAT}\. Upd"
    ):
        read(line({"i": 0}), of_format(FORMAT + 1))


def test_a_damaged_format_number_is_damage_not_a_newer_version():
    for wrong in (b"3", b"9", b"999"):
        found, (problem,) = read(line({"i": 0}).replace(b'"format":2', b'"format":' + wrong, 1))
        assert found == []
        assert problem.reason == "checksum does not match"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"garbage", "foreign line"),
        (line({"i": 0})[:-1], "checksum does not match"),
        (line({"i": 0})[:-2], "truncated line"),
        (line({"i": 0})[:30], "foreign line"),
        (line({"i": 0})[9:], "foreign line, or the end of a torn one"),
        (line({"i": 0}).replace(b'"i":0', b'"i":1'), "checksum does not match"),
        (line({"i": 0}, "w-0").replace(b"w-0", b"w-1"), "checksum does not match"),
        (of_format(FORMAT, b'"record":[1]}'), "not an object"),
        (of_format(FORMAT, b'"id":"w-0"}'), "not a record"),
        (b"\xff\xfe\x00", "foreign line"),
        (b"\x00" * 50, "foreign line"),
    ],
)
def test_damage_is_named_and_costs_its_line_only(bad, reason):
    found, problems = read(line({"i": 8}, "w-8"), bad, line({"i": 9}, "w-9"))
    assert found == [{"i": 8}, {"i": 9}]
    (problem,) = problems
    assert problem.line == 2
    assert reason in problem.reason


@pytest.mark.parametrize("between", [b"", b"\x00\x00", b" ", b"J", b'{"format":2,"checksum":"0123'])
def test_whole_records_of_a_damaged_line_are_kept(between):
    one, two = line({"i": 1}, "w-1"), line({"i": 2}, "w-2")
    found, (problem,) = read(one + between + two)
    assert found == [{"i": 1}, {"i": 2}]
    assert "kept 2 whole records inside of it" in problem.reason


def test_line_ends_of_another_system_cost_nothing_but_a_word():
    found, problems = read(line({"i": 1}) + b"\r", b"")
    assert found == [{"i": 1}]
    assert "kept 1 whole record inside of it" in problems[0].reason


def test_a_line_inside_of_a_record_is_no_record():
    inner = json.loads(line({"i": 1}, "w-1"))
    outer = line({"quoted": inner}, "w-2")
    assert read(outer) == ([{"quoted": inner}], [])
    assert read(outer.replace(b"quoted", b"quotad"))[0] == []


def test_a_copy_counts_once_and_says_of_what():
    found, problems = read(line({"i": 1}), line({"i": 1}, "w-1"), line({"i": 1}))
    assert found == [{"i": 1}, {"i": 1}]
    assert [str(p) for p in problems] == ["a.jsonl:3: a copy of a.jsonl:1"]


def test_numbers_that_json_has_not_are_refused():
    with pytest.raises(ValueError):
        body_of({"x": float("inf")})
    with pytest.raises(TypeError):
        body_of({"x": object()})
