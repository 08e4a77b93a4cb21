"""Verdicts of the paper's results from evidence: sources, derivations, settings, rules."""

from __future__ import annotations

from collections import Counter

from reports.consistency import check, load_paper
from reports.evidence import Evidence, gather
from reports.judgement import Judged, headline, judgements, marks_of
from reports.margins import load
from reports.measurements import SHIPPED
from reports.paper_cells import paper_cells
from reports.verdicts import Name, Verdict


def by_id(evidence, marks=None):
    return {j.cell.id: j for j in judgements(evidence, load(), marks)}


def test_without_runs_everything_is_not_run_or_a_setting():
    counts = Counter(j.verdict.name if j.verdict else None for j in judgements(Evidence([]), load()))
    assert counts == {Name.NOT_RUN: 218, None: 16}
    assert all(j.verdict.reason for j in judgements(Evidence([]), load()) if j.verdict)


def test_what_ships_is_judged():
    found = by_id(gather(SHIPPED))
    validity = found["table4-pomonag-paper-nb201-mean-over-runs-validity-mean-generated"]
    assert validity.number is not None
    assert validity.verdict.name is Name.REPRODUCED
    assert any("fast mode" in caveat for caveat in validity.verdict.caveats)
    novelty = found["table4-pomonag-paper-nb201-mean-over-runs-novelty-mean-generated"]
    assert novelty.verdict.name is Name.NOT_COMPARABLE
    other_training = found["table2-pomonag-acc-paper-nb201-cifar10-test_accuracy-mean-trained"]
    assert other_training.verdict.name is Name.NOT_COMPARABLE
    assert found["table1-tnas-paper-mbv3-cifar10-test_accuracy-max-trained"].verdict.name is Name.NOT_RUN


def test_an_impossible_number_of_a_measured_cell_is_the_papers_inconsistency():
    cell = "table4-pomonag-paper-nb201-mean-over-runs-validity-mean-generated"
    found = by_id(gather(SHIPPED), {cell: [("PI-99", "impossible")]})[cell]
    assert found.verdict.name is Name.PAPER_INCONSISTENT
    assert found.number is not None


def test_marks_belong_to_cells_and_keep_their_severity():
    inconsistencies = check(load_paper())
    marks = marks_of(inconsistencies)
    severity = {i.rule: i.severity for i in inconsistencies}
    assert set(marks) <= {c.id for c in paper_cells()}
    assert all(severity[rule] == s for rules in marks.values() for rule, s in rules)


def test_the_headline_counts_are_corrected_within_each_table():
    # Ten tests of p = 0.04 are none at once; one alone in its table is.
    weak = Verdict(Name.BETTER, "", p_value=0.04, both_p_values=(0.9, 0.04))
    table_2, table_4 = (next(c for c in paper_cells() if c.cell.table == t) for t in ("2", "4"))
    found = [Judged(table_2, None, weak)] * 10 + [Judged(table_4, None, weak), Judged(table_4, None, None)]
    assert headline(found) == {Name.INCONCLUSIVE: 10, Name.BETTER: 1, "SETTING": 1}
    assert headline(judgements(Evidence([]), load())) == {Name.NOT_RUN: 218, "SETTING": 16}
