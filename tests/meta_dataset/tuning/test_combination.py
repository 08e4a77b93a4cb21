"""How studies become one pipeline, on trials that are written down."""

from __future__ import annotations

import pytest
from optuna import create_trial
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from pomonag.meta_dataset.tuning.combination import choice_scores, combined, importances, scores
from pomonag.training.pipeline_space import PAPER_PIPELINE_SPACE

FIRST = {name: getattr(PAPER_PIPELINE_SPACE, name)[0] for name in PAPER_PIPELINE_SPACE.settings}
SPACE = {name: CategoricalDistribution(getattr(PAPER_PIPELINE_SPACE, name)) for name in FIRST}


def trial(value=None, epochs=(), diverged=False, **chosen):
    state = TrialState.COMPLETE if value is not None else TrialState.PRUNED
    return create_trial(
        state=state,
        value=value,
        params={**FIRST, **chosen},
        distributions=dict(SPACE),
        user_attrs={"diverged": True} if diverged else {},
        intermediate_values=dict(enumerate(epochs, 1)),
    )


def test_the_finished_stand_above_the_pruned_and_these_above_the_diverged():
    trials = [trial(10.0), trial(epochs=(30, 31)), trial(30.0), trial(epochs=(9,)), trial(epochs=(50,), diverged=True)]
    assert scores(trials).tolist() == [0.75, 0.5, 1.0, 0.25, 0.0]


def test_equals_share_a_score():
    assert scores([trial(1.0), trial(1.0), trial(2.0)]).tolist() == [0.25, 0.25, 1.0]
    assert scores([trial(1.0)]).tolist() == [0.5]
    assert scores([]).tolist() == []


def test_each_study_counts_alike_however_often_it_tried():
    liked = [trial(v, optimiser="adam") for v in (5.0, 6.0, 7.0, 8.0)] + [trial(1.0)]  # adam 0.625, sgd 0
    other = [trial(9.0), trial(1.0, optimiser="adam")]  # sgd 1, adam 0
    by_choice = choice_scores(PAPER_PIPELINE_SPACE, [liked, other])
    sgd, adam, adamw = by_choice["optimiser"]
    assert (sgd["score"], sgd["trials"]) == (0.5, 2)
    assert (adam["score"], adam["trials"]) == (0.3125, 5)
    assert (adamw["score"], adamw["trials"]) == (None, 0)
    chosen = combined(by_choice)
    assert chosen["optimiser"] == "sgd"
    assert chosen == FIRST


def test_what_settles_the_score_is_what_matters():
    rates = PAPER_PIPELINE_SPACE.learning_rate
    studies = [
        [trial(10.0 * place + n % 3, learning_rate=rate, mixup=(0.0, 0.2)[n % 2]) for n in range(6)]
        for _ in range(2)
        for place, rate in enumerate(rates)
    ]
    shares = importances(PAPER_PIPELINE_SPACE, [studies[0] + studies[1] + studies[2] + studies[3]])
    assert shares is not None
    assert next(iter(shares)) == "learning_rate"
    assert shares["learning_rate"] > 0.8
    assert sum(shares.values()) == pytest.approx(1)


def test_few_trials_and_equal_ones_have_no_importance():
    assert importances(PAPER_PIPELINE_SPACE, [[trial(float(n)) for n in range(9)]]) is None
    assert importances(PAPER_PIPELINE_SPACE, [[trial(1.0) for n in range(20)]]) is None
    assert importances(PAPER_PIPELINE_SPACE, []) is None
