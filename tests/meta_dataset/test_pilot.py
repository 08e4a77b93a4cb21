import numpy as np
import pandas as pd
import pytest

from pomonag.meta_dataset.pilot import CANDIDATES, paired_rows, summary
from pomonag.meta_dataset.schema import SHIPPED, meta_dataset
from pomonag.spaces import search_space


@pytest.mark.parametrize("space", sorted(CANDIDATES))
def test_the_list_is_paired_and_connected(space):
    rows = paired_rows(space)
    assert len(rows) == 2 * 18 * 2
    assert rows == paired_rows(space)
    assert {(r.task, r.architecture) for r in rows if r.seed == 0} == {(r.task, r.architecture) for r in rows if r.seed}
    assert all(getattr(search_space(space).parse(r.architecture), "is_connected", True) for r in rows)


def test_the_shipped_pilot_is_the_one_described():
    rows = meta_dataset(SHIPPED / "nb201_pilot")
    assert set(rows["protocol"]) == {protocol.hash for protocol in CANDIDATES["nb201"].values()}
    planned = {(r.task, r.architecture, r.seed) for r in paired_rows("nb201")}
    for _, part in rows.groupby("protocol"):
        assert set(zip(part["task"], part["architecture"], part["seed"])) == planned


def labelled(noise, generator):
    """Rows whose loss follows a truth, with noise and a level for each task."""
    rows = pd.DataFrame([vars(r) for r in paired_rows("nb201")]).assign(protocol="p", cpu_seconds=2.0, params=range(72))
    truth = pd.Series({a: float(i) for i, a in enumerate(rows["architecture"].unique())})
    quality = rows["architecture"].map(truth) + noise * generator.normal(size=len(rows))
    level = rows["task"].map({"train-000": 0.0, "train-001": 500.0})
    rows["accuracy"], rows["loss"], rows["true_class_probability"] = quality + level, level - quality, quality
    return rows, truth


def test_perfect_labels_have_perfect_fidelity_whatever_the_task_level():
    rows, truth = labelled(0.0, np.random.default_rng(0))
    (line,) = summary(rows, truth).to_dict("records")
    for label in ("accuracy", "loss", "true_class_probability"):
        assert line[f"rho {label}"] == pytest.approx(1)
        assert line[f"reliability {label}"] == pytest.approx(1)
    assert line["interval loss"] == "1.00 to 1.00"


def test_pure_noise_has_neither():
    rows, truth = labelled(1e6, np.random.default_rng(0))
    (line,) = summary(rows, truth).to_dict("records")
    assert abs(line["rho loss"]) < 0.4
    assert abs(line["reliability loss"]) < 0.4


def test_groups_that_the_truth_cannot_tell_apart_are_centred():
    rows, truth = labelled(0.0, np.random.default_rng(0))
    second = [a for i, a in enumerate(truth.index) if i % 2]
    rows.loc[rows["architecture"].isin(second), ["accuracy", "true_class_probability"]] += 1000.0
    rows.loc[rows["architecture"].isin(second), "loss"] -= 1000.0
    (blind,) = summary(rows, truth).to_dict("records")
    (line,) = summary(rows, truth, lambda a: str(a in second)).to_dict("records")
    assert line["rho loss"] > blind["rho loss"] + 0.1
    assert line["rho loss"] > 0.95
