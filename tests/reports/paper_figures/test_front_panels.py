import numpy as np
import pytest

from pomonag.spaces import search_space
from reports.evidence import Evidence
from reports.measurements import RunKey, Value
from reports.paper_figures.front_panels import FrontPanel, PanelKey, panel, panel_keys, reported_by_the_paper
from reports.paper_figures.missing import Missing

SMALL = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|"
MIDDLE = "|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"
LARGE = "|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|nor_conv_3x3~2|"


def details(shift=0.0):
    space = search_space("nb201")
    params = space.cost([space.parse(a) for a in (SMALL, MIDDLE, LARGE)], classes=10).params / 1e6
    points = [
        {"architecture": a, "cost": float(c), "accuracy": y + shift, "predicted": y}
        for a, c, y in zip((SMALL, MIDDLE, LARGE), params, (80.0, 92.0, 94.0))
    ]
    front = {"points": points, "chosen": {"eff": 0, "bal": 1, "acc": 2}}
    return {"fronts": {"params": front, "latency": front}}


def run(made_up, method="pomonag", device="pixel3", dataset="cifar10", seed=0, table="fronts"):
    key = RunKey(table, method, device, "nb201", dataset)
    return made_up.a_record(key, [Value("predictor_calls", 5376, "calls", "p")], seed, details=details(seed / 10))


def found(runs, cost="params", dataset="cifar10", space="nb201", **more):
    return panel(Evidence(runs, **more), PanelKey(space, dataset, cost))


def test_there_are_45_panels_a_space_with_ids_that_say_what_they_show():
    ids = [key.id for space in ("nb201", "mbv3") for key in panel_keys(space)]
    assert len(set(ids)) == len(ids) == 90
    assert ids[0] == "figure3-nb201-cifar10-params"
    assert ids[-1] == "figure4-mbv3-tissuemnist-latency"


def test_a_configuration_is_the_mean_of_its_seeds(made_up):
    shown = found([run(made_up, seed=seed) for seed in range(3)])
    assert isinstance(shown, FrontPanel)
    assert len(shown.fronts) == 3
    assert shown.marked["acc"].accuracy.mean == pytest.approx(94.1)
    assert shown.marked["acc"].accuracy.ci95 == pytest.approx(0.1 / np.sqrt(3) * 4.302653, rel=1e-6)
    assert shown.marked["eff"].cost.ci95 == 0
    assert [p.seed for p in shown.marked["bal"].points] == [0, 1, 2]
    assert not shown.predicted


def test_macs_are_counted_from_the_architectures(made_up):
    shown = found([run(made_up)], "macs")
    space = search_space("nb201")
    expected = space.cost([space.parse(a) for a in (SMALL, MIDDLE, LARGE)], classes=10).macs / 1e6
    assert [p.cost for p in shown.fronts[0]] == expected.tolist()
    assert shown.marked["eff"].points[0].architecture == SMALL
    assert shown.marked["acc"].points[0].architecture == LARGE


def test_params_and_macs_rank_the_space_alike_so_that_one_front_serves_both():
    space = search_space("nb201")
    costs = space.cost(space.enumerate(), classes=10)
    pairs = sorted(set(zip(costs.params.tolist(), costs.macs.tolist())))
    macs = [m for _, m in pairs]
    assert macs == sorted(set(macs))
    assert len({p for p, _ in pairs}) == len(pairs)


def test_the_device_is_the_one_on_which_diffusionnag_ran_most(made_up):
    runs = [run(made_up, device=device) for device in ("pixel3", "1080ti_1")]
    assert found(runs).device == "pixel3"
    shown = found([*runs, run(made_up, "diffusionnag", "1080ti_1")], "latency")
    assert shown.device == "1080ti_1"
    assert shown.cost_label == "latency on GTX 1080 Ti, batch 1, ms"
    assert shown.marked["diffusionnag"].points[0].architecture == LARGE
    assert not shown.diffusionnag_missing


def test_without_diffusionnag_the_panel_says_so(made_up):
    shown = found([run(made_up)])
    assert "diffusionnag" not in shown.marked
    assert "--method diffusionnag" in shown.diffusionnag_missing


def test_the_other_space_is_not_part_of_this_version():
    missing = found([], space="mbv3")
    assert isinstance(missing, Missing)
    assert "mbv3 space" in missing.reason
    assert [n.value for n in missing.reported] == [97.39, 97.85]


def test_a_data_set_without_images_says_where_they_come_from():
    missing = found([], dataset="bloodmnist")
    assert "no images of BloodMNIST" in missing.text
    assert "images/bloodmnist.npz" in missing.text
    assert 'medmnist.BloodMNIST(split="train"' in missing.text
    assert "--table predicted-fronts --method pomonag" in missing.text


def test_images_that_are_there_and_not_run_are_no_missing_images():
    key = RunKey("predicted-fronts", "pomonag", "pixel3", "nb201", "bloodmnist")
    entry = {"key": vars(key), "missing": [], "command": "the command"}
    missing = found([], dataset="bloodmnist", catalogue=[entry])
    assert missing.reason == "not measured yet"
    assert missing.command == "the command"


def test_what_the_catalogue_lacks_is_the_reason():
    key = RunKey("fronts", "pomonag", "pixel3", "nb201", "cifar10")
    entry = {"key": vars(key), "missing": ["Set POMONAG_DATA_DIR."], "command": "the command"}
    assert found([], catalogue=[entry]).text == "NOT RUN: Set POMONAG_DATA_DIR. Then: the command"


def test_predicted_fronts_say_so(made_up):
    shown = found([run(made_up, dataset="bloodmnist", table="predicted-fronts")], dataset="bloodmnist")
    assert shown.predicted
    assert shown.accuracy_label == "predicted accuracy, %"
    assert "not measured yet" in shown.diffusionnag_missing


def test_the_paper_reports_accuracies_of_four_data_sets_only():
    with_numbers = {key.dataset for key in panel_keys("nb201") if reported_by_the_paper(key)}
    assert with_numbers == {"cifar10", "cifar100", "aircraft", "pets"}
    assert [n.value for n in reported_by_the_paper(PanelKey("nb201", "pets", "macs"))] == [41.32, 68.82]
