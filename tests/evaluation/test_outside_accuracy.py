import gzip
import os

import pytest

from pomonag.data.sources import VARIABLE
from pomonag.errors import UserError
from pomonag.evaluation.outside_accuracy import outside_accuracy

NONE = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
CONVOLUTION = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|"
NETWORK = "w1.2|d2,2,2,2,2|k3,3,3,3,3,3,3,3,3,3|e3,3,3,3,3,3,3,3,3,3"

needs_data = pytest.mark.skipif(VARIABLE not in os.environ, reason="needs published accuracies in POMONAG_DATA_DIR")


@needs_data
def test_each_space_s_accuracies_by_string_without_the_unknown_and_the_unconnected():
    cells = outside_accuracy("nb201").accuracies([CONVOLUTION, NONE, CONVOLUTION], None)
    assert list(cells.index) == [CONVOLUTION]
    assert 80 < cells[CONVOLUTION] < 95
    networks = outside_accuracy("mbv3").accuracies([NETWORK, NETWORK], None)
    assert list(networks.index) == [NETWORK]
    assert 70 < networks[NETWORK] < 85


def test_a_space_without_one_is_named():
    with pytest.raises(UserError, match="space with an outside accuracy"):
        outside_accuracy("nb102")


def test_without_the_table_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.delenv("POMONAG_DATA_DIR", raising=False)
    for folder in (None, tmp_path):
        with pytest.raises(UserError, match="POMONAG_DATA_DIR"):
            outside_accuracy("nb201").accuracies([], folder)


def test_a_table_that_is_cut_off_is_refused(tmp_path):
    (tmp_path / "nasbench201").mkdir()
    content = gzip.compress(b"arch_str,cifar10_test_acc_200ep\n" + b"|none~0|,10.0\n" * 1000)
    (tmp_path / "nasbench201" / "accuracies.csv.gz").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="cut off or damaged"):
        outside_accuracy("nb201").accuracies([], tmp_path)
