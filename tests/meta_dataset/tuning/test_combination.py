"""How studies become one pipeline, on trials that are written down."""

from __future__ import annotations

import pytest
from optuna import create_trial
from optuna.distributions import CategoricalDistribution
from optuna.trial import TrialState

from pomonag.meta_dataset.tuning.combination import choice_effects, combined, importances, scores
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


def test_what_was_tried_together_is_told_apart():
    # Adam is what is good; MixUp merely came with it, but for two trials.
    trials = [trial(50.0 + n, optimiser="adam", mixup=0.2) for n in range(8)]
    trials += [trial(60.0, optimiser="adam"), trial(10.0, mixup=0.2), trial(11.0), trial(12.0)]
    effects = {
        name: {entry["choice"]: entry["effect"] for entry in entries}
        for name, entries in choice_effects(PAPER_PIPELINE_SPACE, [trials]).items()
    }
    assert effects["optimiser"]["adam"] == -effects["optimiser"]["sgd"] > 0.15
    assert effects["optimiser"]["adamw"] is None
    assert effects["mixup"][0.0] > effects["mixup"][0.2]
    assert effects["epochs"] == {50: 0.0, 100: None, 200: None}


def test_each_study_weighs_the_same():
    long = [trial(float(n), optimiser="adam") for n in range(10, 19)] + [trial(float(n)) for n in range(9)]
    short = [trial(9.0), trial(8.0), trial(1.0, optimiser="adam"), trial(0.0, optimiser="adam")]
    alone = choice_effects(PAPER_PIPELINE_SPACE, [long])["optimiser"]
    both = choice_effects(PAPER_PIPELINE_SPACE, [long, short])["optimiser"]
    assert [entry["trials"] for entry in both] == [11, 11, 0]
    assert alone[1]["effect"] > 0.2
    assert both[1]["effect"] < 0  # two clear trials against, in a study that is as good as the other


def test_the_largest_effect_is_chosen_and_of_equals_the_first():
    by_choice = choice_effects(PAPER_PIPELINE_SPACE, [[trial(1.0), trial(2.0, optimiser="adamw")]])
    assert combined(by_choice) == {**FIRST, "optimiser": "adamw"}
    assert combined(choice_effects(PAPER_PIPELINE_SPACE, [[trial(1.0)]])) == FIRST


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
