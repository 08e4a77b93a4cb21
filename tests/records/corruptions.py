"""Damages record stores in every way that disks, editors and careless hands do, and checks what is read from them.

`python -m tests.records.corruptions 5000` prints what happened; the test suite does the same with fewer.
"""

import collections
import json
import random
import sys
import tempfile
from pathlib import Path

from pomonag.errors import UserError
from pomonag.records.record_store import RecordStore
from reports.measurements import RunKey, RunRecord, Value, load_runs

METRICS = ("validity", "uniqueness", "novelty")


def runs(count, draw):
    """Made-up runs whose values differ, so that a wrong number cannot hide."""
    rng = random.Random(draw)
    return [
        RunRecord(
            RunKey(str(1 + i % 4), f"method{i % 5}", "fast", "nb201", f"set{i}"),
            seed, rng.getrandbits(62), {"count": 256, "note": "é\n" * (i % 3)}, 1,
            tuple(Value(metric, rng.uniform(0, 100), "%", "made up") for metric in METRICS),
            rng.random(), rng.random(), details={"row": [rng.random() for _ in range(i % 6)]},
        )
        for i in range(count) for seed in range(2)
    ]  # fmt: skip


def flip_bits(content, rng):
    damaged = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 8, 64])):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def change_digits(content, rng):
    """The most harmful damage: the line stays JSON and a number becomes another one."""
    damaged = bytearray(content)
    digits = [i for i, byte in enumerate(damaged) if byte in b"0123456789"]
    for place in rng.sample(digits, min(len(digits), rng.choice([1, 1, 2, 5]))):
        damaged[place] = rng.choice(b"0123456789")
    return bytes(damaged)


def truncate(content, rng):
    return content[: rng.randrange(len(content))]


def behead(content, rng):
    return content[rng.randrange(len(content)) :]


def splice(content, rng):
    """The head of one line with the tail of another, cut anywhere, as of two writers without a lock."""
    lines = content.split(b"\n")
    for _ in range(rng.randint(1, 3)):
        one, two = rng.choice(lines), rng.choice(lines)
        lines[rng.randrange(len(lines))] = one[: rng.randint(0, len(one))] + two[rng.randint(0, len(two)) :]
    return b"\n".join(lines)


def splice_fields(content, rng):
    """The checksum of one line before the record of another."""
    lines = content.rstrip(b"\n").split(b"\n")
    cut = rng.randint(20, 60)
    one, two = rng.sample(range(len(lines)), 2)
    lines[one], lines[two] = lines[one][:cut] + lines[two][cut:], lines[two][:cut] + lines[one][cut:]
    return b"\n".join(lines) + b"\n"


def duplicate(content, rng):
    lines = content.split(b"\n")
    for _ in range(rng.randint(1, 4)):
        lines.insert(rng.randrange(len(lines)), rng.choice(lines))
    return b"\n".join(lines)


def duplicate_all(content, rng):
    return content * rng.randint(2, 3)


def zero(content, rng):
    """A block of NULs, over what stood there or between it, as after a power cut."""
    start, length = rng.randrange(len(content)), rng.choice([1, 10, 512, 4096])
    return content[:start] + bytes(length) + content[start + rng.choice([0, length]) :]


def halve(content, rng):
    lines = content.split(b"\n")
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(lines))
        half = len(lines[place]) // 2
        lines[place] = rng.choice([lines[place][:half], lines[place][half:]])
    return b"\n".join(lines)


def invalid_utf8(content, rng):
    place = rng.randrange(len(content))
    return content[:place] + rng.choice([b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\x80\xfe"]) + content[place:]


def lose_newlines(content, rng):
    return content.replace(b"\n", rng.choice([b"", b" ", b"\r", b"\x00"]), rng.randint(1, 5))


def dos_lines(content, _):
    return content.replace(b"\n", b"\r\n")


def shuffle(content, rng):
    lines = content.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def garbage(content, rng):
    place = rng.randrange(len(content))
    return content[:place] + rng.randbytes(rng.choice([1, 7, 300])) + content[place:]


def drop_bytes(content, rng):
    place = rng.randrange(len(content))
    return content[:place] + content[place + rng.choice([1, 2, 50]) :]


def pretty(content, rng):
    """A helpful editor."""
    lines = content.rstrip(b"\n").split(b"\n")
    place = rng.randrange(len(lines))
    lines[place] = json.dumps(json.loads(lines[place]), indent=rng.choice([None, 1])).encode()
    return b"\n".join(lines) + b"\n"


KINDS = (
    flip_bits, change_digits, truncate, behead, splice, splice_fields, duplicate, duplicate_all, zero, halve,
    invalid_utf8, lose_newlines, dos_lines, shuffle, garbage, drop_bytes, pretty,
)  # fmt: skip


class Stores:
    """Undamaged content of store files of several sizes, and the records in them."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.originals = []
        for number, count in enumerate((1, 3, 10)):
            made = runs(count, number)
            store = RecordStore(self.folder / f"original{number}")
            for run in made:
                store.append(run.to_json())
            store.close()
            (path,) = store.folder.glob("*.jsonl")
            content = path.read_bytes()
            assert store.read() == ([json.loads(json.dumps(run.to_json())) for run in made], [])
            self.originals.append((content, made))

    def damage(self, number):
        """One damaged store, read. Returns the kind of the damage and how it was met; AssertionError for a lie."""
        rng = random.Random(f"corruption {number}")
        content, made = self.originals[number % len(self.originals)]
        kinds = [KINDS[number // len(self.originals) % len(KINDS)], *rng.sample(KINDS, rng.choice([0, 0, 0, 1, 2]))]
        damaged = content
        for kind in kinds:
            if damaged:
                try:
                    damaged = kind(damaged, rng)
                except (ValueError, IndexError):
                    continue  # Too little is left for this kind of damage, or it is no JSON any more.
        folder = self.folder / f"damaged{number}"
        folder.mkdir()
        (folder / "store.jsonl").write_bytes(damaged)
        return kinds[0].__name__, self._met(folder, made, damaged, content)

    def _met(self, folder, made, damaged, content):
        before = (folder / "store.jsonl").read_bytes()
        try:
            records, problems = RecordStore(folder).read()
            loaded, _ = load_runs(folder)
        except UserError as error:
            return "refused" if "store.jsonl" in str(error) else _lie("a refusal does not name the file")
        finally:
            assert (folder / "store.jsonl").read_bytes() == before, "reading changed the file"
        texts = collections.Counter(json.dumps(record, sort_keys=True) for record in records)
        originals = collections.Counter(json.dumps(run.to_json(), sort_keys=True) for run in made)
        assert texts <= originals, "a record was made up or counted twice"
        # Whatever counts in the report is a number that was measured, for the cell and seed where it was measured.
        assert {(r.key, r.seed): r.values for r in loaded}.items() <= {(r.key, r.seed): r.values for r in made}.items()
        lost = originals - texts
        # Only what is cut off at a line's end, or a line that is gone as a whole, leaves no trace to report.
        whole_lines = set(damaged.split(b"\n")) <= set(content.split(b"\n"))
        assert not lost or problems or whole_lines, "records went without a word"
        for line in content.split(b"\n"):
            if line and line in damaged.split(b"\n"):
                assert json.dumps(json.loads(line)["record"], sort_keys=True) in texts, "a whole line was not read"
        for problem in problems:
            assert problem.file == "store.jsonl"
            assert 1 <= problem.line <= damaged.count(b"\n") + 1
        if not problems:
            return "nothing missing" if not lost else "cut off at a line's end"
        return "set aside, nothing lost" if not lost else "set aside by name"


def _lie(text):
    raise AssertionError(text)


def corrupt(count, folder):
    """Damages `count` stores; returns how often each kind of damage was met in which way."""
    stores = Stores(folder)
    met = collections.Counter()
    for number in range(count):
        try:
            met[stores.damage(number)] += 1
        except Exception as error:
            raise AssertionError(f"corruption {number}: {type(error).__name__}: {error}") from error
    return met


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        table = corrupt(int(sys.argv[1]), temporary)
    for (name, how), times in sorted(table.items()):
        print(f"{times:5d}  {name:15s} {how}")
    print(f"{sum(table.values())} corruptions: no wrong number, no traceback")
