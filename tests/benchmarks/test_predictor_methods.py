"""The predictors of Tables 3 and 6: what the cells say of them is what they are trained with."""

from benchmarks import predictor_methods, table3_predictors
from pomonag.predictors.predictor_training import LITE_ENSEMBLE


def test_the_tables_settings_are_those_of_the_training():
    assert predictor_methods.ENSEMBLE.weight_decay == LITE_ENSEMBLE.weight_decay
    learned = [
        run for run in table3_predictors.runs() if run.key.method == "pomonag" and "weight_decay" in run.settings
    ]
    assert {run.settings["weight_decay"] for run in learned} == {LITE_ENSEMBLE.weight_decay}
    # Fast mode and three sizes of the learning curve, on both spaces.
    assert len(learned) == 8
