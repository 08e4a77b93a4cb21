import numpy as np
import pytest

from baselines.random_search import RandomSearch
from benchmarks import inputs
from benchmarks import table2_lookup as table2
from benchmarks.generation import Generated


@pytest.fixture
def table():
    if inputs.TABLE.missing():
        pytest.skip(inputs.TABLE.missing())
    return inputs.accuracies()


def test_best_of_the_first_is_looked_up_and_the_rest_ignored(table):
    everything = inputs.space().enumerate()
    truth = table.accuracies("cifar10")
    worst, best = str(everything[int(truth.argmin())]), str(everything[int(truth.argmax())])
    middle = str(everything[int(np.argsort(truth)[len(truth) // 2])])

    def generate(dataset, seed):
        return Generated(4, 4, [middle, worst, best], np.zeros(3), 5376, {"generation": 0.1}, inputs={"shipped": "ab"})

    outcome = table2._generated_outcome(generate, "cifar10", 2, 0)
    assert outcome.values["test_accuracy"] == pytest.approx(np.median(truth), abs=0.01)
    assert outcome.values["trained_architectures"] == 2
    assert table2._generated_outcome(generate, "cifar10", 3, 0).values["test_accuracy"] == pytest.approx(
        94.373, abs=1e-3
    )
    assert outcome.inputs["shipped"] == "ab"


def test_a_search_counts_its_look_ups(table):
    outcome = table2._search_outcome(RandomSearch, "cifar100", 1)
    assert outcome.values["trained_architectures"] == table2.BUDGET
    assert 1 <= outcome.values["first_reached"] <= table2.BUDGET
    assert outcome.values["test_accuracy"] == outcome.details["curve"][-1] <= 73.52
    assert set(outcome.inputs) == {inputs.TABLE.name}


def test_judged_data_sets_are_left_out_of_their_predictors():
    for run in table2.runs():
        if run.key.configuration == "leave-one-out":
            assert run.settings["predictors"] == f"without_{run.key.dataset}"
        assert "shipped" not in str(run.settings)


def test_pomonag_acc_and_best_of_five_look_at_the_same_generations():
    names = {
        run.seed_name for run in table2.runs() if run.key.method.startswith("pomonag") and run.key.dataset == "cifar10"
    }
    assert len(names) == 1
