import gzip

import numpy as np
import pandas as pd
import pytest

from pomonag.errors import UserError
from pomonag.meta_dataset.pilot import CANDIDATES, paired_rows, summary, table_accuracies
from pomonag.meta_dataset.schema import SHIPPED, meta_dataset
from pomonag.spaces import search_space


def test_the_list_is_paired_and_connected():
    rows = paired_rows()
    assert len(rows) == 2 * 18 * 2
    assert rows == paired_rows()
    assert {(r.task, r.architecture) for r in rows if r.seed == 0} == {(r.task, r.architecture) for r in rows if r.seed}
    assert all(search_space("nb201").parse(r.architecture).is_connected for r in rows)


def test_the_shipped_pilot_is_the_one_described():
    rows = meta_dataset(SHIPPED / "nb201_pilot")
    assert set(rows["protocol"]) == {protocol.hash for protocol in CANDIDATES.values()}
    planned = {(r.task, r.architecture, r.seed) for r in paired_rows()}
    for _, part in rows.groupby("protocol"):
        assert set(zip(part["task"], part["architecture"], part["seed"])) == planned


def labelled(noise, generator):
    """Rows whose loss follows a truth, with noise and a level for each task."""
    rows = pd.DataFrame([vars(r) for r in paired_rows()]).assign(protocol="p", cpu_seconds=2.0, params=range(72))
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


def test_without_the_table_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    for folder in (None, tmp_path):
        with pytest.raises(UserError, match="POMONAG_DATA_DIR"):
            table_accuracies(folder)


def test_a_table_that_is_cut_off_is_refused(tmp_path):
    (tmp_path / "nasbench201").mkdir()
    content = gzip.compress(b"arch_str,cifar10_test_acc_200ep\n" + b"|none~0|,10.0\n" * 1000)
    (tmp_path / "nasbench201" / "accuracies.csv.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="cut off or damaged"):
        table_accuracies(tmp_path)
