import math

import numpy as np
import pytest
from scipy import integrate, special, stats
from statsmodels.stats.power import TTestPower, tt_solve_power

from reports.equivalence import Sample, difference, p_difference, p_equivalence
from reports.planning import POWER, Plan, chances, seeds_needed


def against_constant(apart, sd=1.0, margin=0.0, n=3):
    return Plan(Sample(apart, sd, n), Sample.constant(0.0), margin)


@pytest.mark.parametrize("effect", [0.2, 0.5, 0.8, 1.0])
def test_against_a_constant_the_chance_of_a_difference_is_the_power_of_the_t_test(effect):
    seeds = [3, 4, 5, 8, 12, 30, 100]
    reproduced, different = chances(against_constant(effect), seeds)
    expected = [TTestPower().power(effect, n, alpha=0.05) for n in seeds]
    assert different == pytest.approx(expected, abs=1e-6)
    assert not reproduced.any()


@pytest.mark.parametrize("effect", [0.05, 0.1, 0.3, 0.45, 0.7, 1.1, 1.9, 3.3])
def test_against_a_constant_the_seeds_are_those_that_statsmodels_solves_for(effect):
    expected = math.ceil(tt_solve_power(effect_size=effect, alpha=0.05, power=POWER))
    assert seeds_needed(against_constant(effect, n=2)) == max(expected, 3)


def owens_power(apart, sd, margin, n):
    """Power of two one-sided t-tests against a constant: the integral of Owen (1965) over the sample's spread."""
    degrees = n - 1
    t = stats.t.ppf(0.95, degrees)

    def at(s):
        half = (margin - t * s * sd / math.sqrt(n)) * math.sqrt(n) / sd
        shift = apart * math.sqrt(n) / sd
        density = 2 * degrees * s * stats.chi2.pdf(degrees * s * s, degrees)
        return density * max(special.ndtr(half - shift) - special.ndtr(-half - shift), 0.0)

    return integrate.quad(at, 0, margin * math.sqrt(n) / (t * sd), limit=200)[0]


@pytest.mark.parametrize(("apart", "margin"), [(0.0, 0.5), (0.0, 1.0), (0.2, 0.8), (0.4, 2.0)])
def test_against_a_constant_the_chance_of_reproduction_is_the_exact_power_of_both_one_sided_tests(apart, margin):
    seeds = [3, 5, 10, 20, 60]
    reproduced, _ = chances(against_constant(apart, margin=margin), seeds)
    assert reproduced == pytest.approx([owens_power(apart, 1.0, margin, n) for n in seeds], abs=2e-3)


@pytest.mark.parametrize(
    "plan",
    [
        Plan(Sample(0.05, 0.3, 3), Sample(0.0, 0.05, 3), 0.5),
        Plan(Sample(0.5, 0.4, 3), Sample(0.0, 0.1, 3), 0.2),
        Plan(Sample(-0.1, 0.5, 4), Sample.constant(0.0), 0.5),
    ],
    ids=["towards-reproduced", "towards-worse", "constant"],
)
def test_so_many_seeds_decide_in_four_of_five_simulated_repetitions(plan):
    n, rng = seeds_needed(plan), np.random.default_rng(5)
    assert n is not None
    decided = 0
    for _ in range(3000):
        values = rng.normal(plan.ours.mean, plan.ours.sd, n)
        found = difference(Sample.of(values), plan.theirs)
        arguments = (found.value, found.standard_error, found.degrees)
        decided += p_equivalence(*arguments, plan.margin) <= 0.05 or p_difference(*arguments) <= 0.05
    reproduced, different = chances(plan, n)
    # Three standard errors of 3,000 draws.
    assert decided / 3000 == pytest.approx(reproduced[0] + different[0], abs=0.022)
    assert reproduced[0] + different[0] >= POWER


def random_plans(count):
    rng = np.random.default_rng(3)
    for _ in range(count):
        theirs = Sample(0.0, rng.uniform(0.01, 0.3), 3) if rng.random() < 0.7 else Sample.constant(0.0)
        yield Plan(Sample(rng.normal(0, 0.4), rng.uniform(0.02, 0.8), int(rng.integers(2, 6))), theirs, 0.5)


def test_it_is_the_first_number_that_suffices():
    found = 0
    for plan in random_plans(60):
        seeds = np.arange(plan.ours.n + 1, 301)
        enough = seeds[sum(chances(plan, seeds)) >= POWER]
        needed = seeds_needed(plan)
        if len(enough):
            assert needed == enough[0]
            found += 1
        else:
            assert needed is None or needed > 300
    assert found > 20


def test_where_the_papers_spread_is_too_wide_no_number_of_seeds_suffices():
    undecidable = [plan for plan in random_plans(200) if not plan.reproducible and not plan.distinguishable]
    assert len(undecidable) > 10
    for plan in undecidable:
        assert seeds_needed(plan) is None
        assert sum(chances(plan, [3, 5, 10, 30, 100, 1000, 10_000])).max() < POWER


def test_a_plan_asks_for_at_least_one_more_seed():
    plan = Plan(Sample(0.0, 0.01, 7), Sample.constant(0.0), 0.5)
    assert seeds_needed(plan) == 8


def test_without_a_spread_of_ours_the_chance_is_a_step():
    theirs = Sample(0.0, 0.1, 3)
    assert chances(Plan(Sample(0.0, 0.0, 3), theirs, 0.5), 5)[0] == pytest.approx([1.0])
    assert sum(chances(Plan(Sample(0.2, 0.0, 3), theirs, 0.25), 5)) == pytest.approx([0.0])
