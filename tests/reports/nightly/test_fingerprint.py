from pomonag.records.provenance import provenance
from reports.nightly.fingerprint import Fingerprint


def test_it_is_made_from_provenance():
    here = Fingerprint.of(provenance())
    assert here.threads >= 1
    assert here.torch != "unknown"
    assert str(Fingerprint("a cpu", "2.9", 2)) == "a cpu, PyTorch 2.9, 2 threads"


def test_what_a_record_does_not_say_is_unknown():
    assert Fingerprint.of({}) == Fingerprint("unknown", "unknown", 0)
