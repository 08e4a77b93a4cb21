from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.consistency import check, load_paper
from reports.evidence import Evidence
from reports.findings import Finding, findings, foremost, paper_findings
from reports.judgement import judgements, marks_of
from reports.margins import load
from reports.measurements import RunKey, Value

some = st.builds(
    Finding, st.text(), st.sampled_from([None, True, False]), st.sampled_from("abcde"), on_the_paper=st.booleans()
)


@given(st.lists(some, max_size=12))
def test_the_foremost_are_the_heaviest_one_a_subject(found):
    chosen = foremost(found)
    assert len(chosen) == min(3, len({f.about for f in found}))
    assert len({f.about for f in chosen}) == len(chosen)
    left_out = [f for f in found if f.about not in {c.about for c in chosen}]
    assert all(c.weight >= f.weight for c in chosen for f in left_out)
    assert all(c.weight == max(f.weight for f in found if f.about == c.about) for c in chosen)


def test_the_paper_weighs_more_than_a_miss_and_a_miss_more_than_a_hit():
    weights = [Finding("", True, on_the_paper=True), Finding("", False), Finding("", True), Finding("")]
    assert [f.weight for f in weights] == sorted({f.weight for f in weights}, reverse=True)


@dataclass
class Claim:
    paper: SimpleNamespace
    ours: SimpleNamespace


def claim(paper, ours):
    return Claim(SimpleNamespace(verdict=paper), SimpleNamespace(verdict=ours))


def test_what_is_said_of_the_paper_is_counted(made_up):
    found = check(load_paper())
    evidence = Evidence(made_up.every_run())
    judged = judgements(evidence, load(), marks_of(found))
    claims = [claim("HOLDS", "NOT RUN"), claim("FAILS", "HOLDS")]
    verdicts, contradictions, claimed = paper_findings(judged, found, claims)
    worse = sum(one.verdict is not None and one.verdict.name == "WORSE" for one in judged)
    assert f"{worse} WORSE" in verdicts.text
    assert "(PI-02)" in contradictions.text
    assert claimed.text.startswith("Of the paper's 2 claims, 1 hold and 1 fail on its own numbers")
    assert [f.about for f in foremost([claimed, contradictions, verdicts, *findings(evidence)])][:2] == [
        "contradictions",
        "verdicts",
    ]


def test_counts_that_the_method_fixes_are_not_taken_for_findings(made_up):
    def said(counts):
        key = RunKey("2", "pomonag-acc", "leave-one-out", "nb201", "cifar10")
        runs = [
            made_up.a_record(key, [Value("trained_architectures", count, "architectures", "p")], seed)
            for seed, count in enumerate(counts)
        ]
        return paper_findings(judgements(Evidence(runs), load()), [], [])[0].text

    assert said([1, 1, 1]).endswith("decide: 1 REPRODUCED; 1 of them is a count that the method fixes.")
    assert said([9, 8, 9, 8, 9, 8, 9]).endswith("decide: 1 WORSE.")


@pytest.mark.parametrize("claims", [[], [claim("HOLDS", "HOLDS")]])
def test_nothing_is_said_where_nothing_is_found(claims):
    assert paper_findings([], [], claims) == []
