import random

import pytest

from reports.nightly.accepted import AcceptedValue
from reports.nightly.fingerprint import Fingerprint
from reports.nightly.night import Night, Status, Watched, compare_fixed, judge_fresh, seeds_for
from reports.nightly.power import balanced_seeds, fresh_seeds_needed
from reports.nightly.ratios import Ratio

HERE, THERE = Fingerprint("this cpu", "2.9", 1), Fingerprint("that cpu", "2.9", 1)
CELL = Watched("table4-x", "validity", "%", "h")
EXACT = Watched("fronts-x", "hypervolume_params", "fraction", "h", exact=True)
CELLS = 105


def accepted(values, machine=HERE):
    return {
        seed: AcceptedValue(value, machine, f"{seed:010d}abcdef", f"2026-01-{seed + 1:02d}")
        for seed, value in enumerate(values)
    }


def normal(mean, n, seed=0):
    rng = random.Random(seed)
    return [rng.gauss(mean, 1.0) for _ in range(n)]


def fixed(tonight, known=(99.0, 98.0, 97.0), machine=HERE, cell=CELL):
    return compare_fixed(cell, accepted(known, machine), dict(enumerate(tonight)), HERE, "fedcba9876")


def test_a_millionth_is_no_change_and_more_is():
    assert fixed([99.0, 98.0 + 1e-9]).status is Status.UNCHANGED
    changed = fixed([99.0, 98.0 - 1e-3])
    assert changed.status is Status.CHANGED
    assert changed.note == "seed 1: 98 before, 97.999 now"
    assert changed.commits == "0000000002..fedcba9876"


def test_what_became_undefined_changed():
    assert "undefined now" in fixed([None]).note


def test_another_machine_goes_straight_to_the_fresh_seeds_and_says_so():
    found = fixed([99.0], machine=THERE)
    assert found.status is Status.CHANGED
    assert "no accepted value from this machine, only from that cpu" in found.note


def test_nothing_accepted_is_new():
    assert compare_fixed(CELL, {}, {0: 1.0}, HERE, "c").status is Status.NEW


@pytest.mark.parametrize(
    ("old", "new", "machine", "status"),
    [
        (0.8, 0.8, HERE, Status.UNCHANGED), (0.8, 0.79, HERE, Status.DRIFT), (0.8, 0.81, HERE, Status.BETTER),
        (0.8, None, HERE, Status.DRIFT),
        # Between machines the metric's declared tolerance (0.02) holds.
        (0.8, 0.79, THERE, Status.UNCHANGED), (0.8, 0.7, THERE, Status.DRIFT),
    ],
)  # fmt: skip
def test_where_no_chance_is_in_it_one_value_decides(old, new, machine, status):
    assert fixed([new], [old], machine, EXACT).status is status


def test_fresh_seeds_tell_drift_from_noise_and_from_a_change_for_the_better():
    changed, known = fixed([1.0], normal(90, 20)), accepted(normal(90, 20))
    for mean, status in ((90, Status.NOISE), (86, Status.DRIFT), (94, Status.BETTER)):
        found = judge_fresh(changed, known, dict(enumerate(normal(mean, 20, seed=1), start=20)), CELLS)
        assert found.status is status
        assert found.power > 0.95
        assert "only" not in found.note
    assert found.difference.low < found.difference.value < found.difference.high


def test_too_few_seeds_are_said_to_be_too_few():
    found = judge_fresh(fixed([1.0]), accepted(normal(90, 3)), dict(enumerate(normal(90, 20))), CELLS)
    assert found.status is Status.NOISE
    assert "only 3 accepted and 20 fresh seeds" in found.note
    assert f"takes {balanced_seeds(CELLS)} of each" in found.note
    none = judge_fresh(fixed([1.0]), accepted(normal(90, 3)), {3: 1.0}, CELLS)
    assert none.status is Status.UNTESTED


def test_mostly_undefined_is_drift():
    fresh = {seed: None if seed % 2 else 90.0 for seed in range(20)}
    found = judge_fresh(fixed([1.0]), accepted(normal(90, 20)), fresh, CELLS)
    assert found.status is Status.DRIFT
    assert "undefined for 10 of 20" in found.note


def test_how_many_fresh_seeds_a_cell_gets():
    assert seeds_for(20, CELLS) == fresh_seeds_needed(20, CELLS)
    assert seeds_for(3, CELLS) == balanced_seeds(CELLS)


def test_exit_codes():
    def night(status=Status.UNCHANGED, **more):
        base = fixed([99.0])
        return Night([type(base)(CELL, status)], **more).exit_code

    for status in (Status.UNCHANGED, Status.NOISE, Status.BETTER, Status.NEW):
        assert night(status) == 0
    assert night(Status.DRIFT, failed=["x"]) == 1
    assert night(Status.UNTESTED) == 2
    assert night(failed=["a run: broken"]) == 2
    assert night(ratios=[Ratio("speed", 1.0, (1.3, 1.4, 1.5, 1.3))]) == 1
