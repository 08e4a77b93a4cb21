import itertools

from reports.nightly.accepted import AcceptedValue
from reports.nightly.fingerprint import Fingerprint
from reports.nightly.ratios import CONFIRMATIONS, judge_ratio

HERE = Fingerprint("this cpu", "2.9", 1)
ACCEPTED = {seed: AcceptedValue(value, HERE, "c", "r") for seed, value in enumerate((9.0, 10.0, 11.0))}


def judged(*ratios, accepted=ACCEPTED, machine=HERE):
    given = itertools.chain(ratios, itertools.repeat(ratios[-1]))
    return judge_ratio("speed", accepted, machine, lambda repetition: next(given))


def test_within_the_tolerance_one_measurement_is_enough():
    found = judged(12.4)
    assert not found.slower
    assert found.measured == (12.4,)
    assert "accepted 10 (+24%)" in found.text


def test_slower_is_repeated_and_fails_only_when_it_stays():
    assert judged(20.0, 11.0).measured == (20.0, 11.0)
    assert not judged(20.0, 11.0).slower
    stays = judged(20.0)
    assert stays.slower
    assert len(stays.measured) == 1 + CONFIRMATIONS


def test_another_machine_is_recorded_and_not_judged():
    found = judged(50.0, machine=Fingerprint("that cpu", "2.9", 1))
    assert not found.slower
    assert "nothing accepted on this machine" in found.text


def test_faster_passes():
    assert not judged(2.0).slower
