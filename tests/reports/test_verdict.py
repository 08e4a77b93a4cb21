from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from reports.verdict import Name, Verdict, adjust, holm


def a_tested(name, equivalence, difference, **changes):
    own = {Name.REPRODUCED: equivalence, Name.INCONCLUSIVE: min(equivalence, difference)}.get(name, difference)
    return Verdict(name, "made up", p_value=own, both_p_values=(equivalence, difference), **changes)


def test_holms_adjustment_equals_statsmodels_in_a_thousand_random_cases(monkeypatch):
    # statsmodels collects garbage in every call, which takes a minute for a thousand.
    monkeypatch.setattr("gc.collect", lambda *generation: 0)
    rng = np.random.default_rng(4)
    for _ in range(1000):
        p = rng.random(rng.integers(1, 40)) ** 3
        p[rng.random(len(p)) < 0.2] = p[0]
        assert adjust(p) == pytest.approx(multipletests(p, method="holm")[1], abs=1e-12)
    assert adjust([]) == []


def test_a_claim_that_holds_alone_may_not_hold_in_a_table():
    lone = a_tested(Name.WORSE, 0.9, 0.03, needed_seeds=None)
    assert holm([lone]) == [lone]
    others = [a_tested(Name.INCONCLUSIVE, 0.5, 0.6, needed_seeds=3)] * 2
    after = holm([lone, *others])
    assert [verdict.name for verdict in after] == [Name.INCONCLUSIVE] * 3
    assert "WORSE alone, but not among all cells of the table (Holm: p = 0.09)" in after[0].reason
    assert after[0].p_value == pytest.approx(0.09)
    assert after[1].needed_seeds == 3


def test_a_strong_claim_stands_and_each_family_is_corrected_by_itself():
    verdicts = [
        a_tested(Name.REPRODUCED, 0.001, 0.002),
        a_tested(Name.BETTER, 0.8, 1e-6),
        a_tested(Name.REPRODUCED, 0.04, 0.001),
    ]
    after = holm(verdicts)
    # The third is significantly different as well, but never claimed that: it does not turn into BETTER or WORSE.
    assert [verdict.name for verdict in after] == [Name.REPRODUCED, Name.BETTER, Name.INCONCLUSIVE]
    assert after[0].p_value == pytest.approx(0.003)
    assert after[2].p_value == pytest.approx(0.08)


def test_what_was_not_tested_stays_as_it_is_and_counts_for_nothing():
    untested = [
        Verdict(Name.NOT_RUN, "data"),
        Verdict(Name.REPRODUCED, "looked up"),
        Verdict(Name.PAPER_INCONSISTENT, "PI-02"),
    ]
    lone = a_tested(Name.WORSE, 0.9, 0.03)
    assert holm([*untested, lone]) == [*untested, lone]
    assert holm(untested) == untested
    assert holm([]) == []


def test_a_whole_table_of_equal_methods_rarely_shows_one_difference():
    rng, tables, false = np.random.default_rng(8), 600, 0
    for _ in range(tables):
        p = 2 * stats.norm.sf(np.abs(rng.normal(size=20)))
        claims = [a_tested(Name.WORSE if value <= 0.05 else Name.INCONCLUSIVE, 0.9, float(value)) for value in p]
        false += any(verdict.name is Name.WORSE for verdict in holm(claims))
    # 5 % and three standard errors; uncorrected it would be two tables of three.
    assert false / tables <= 0.077


@pytest.mark.parametrize(
    ("verdict", "text"),
    [
        (Verdict(Name.REPRODUCED, "r"), "REPRODUCED"),
        (Verdict(Name.BETTER, "r"), "BETTER"),
        (Verdict(Name.WORSE, "r"), "WORSE"),
        (Verdict(Name.INCONCLUSIVE, "r", needed_seeds=1), "INCONCLUSIVE (1 more seed)"),
        (Verdict(Name.INCONCLUSIVE, "r"), "INCONCLUSIVE (no number of seeds decides)"),
        (Verdict(Name.NOT_COMPARABLE, "lite training"), "NOT COMPARABLE (lite training)"),
        (Verdict(Name.NOT_RUN, "needs a GPU"), "NOT RUN (needs a GPU)"),
    ],
)
def test_the_printed_verdict(verdict, text):
    assert verdict.text == text
    assert replace(verdict, fragile=True).text == text
