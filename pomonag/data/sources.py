"""Files that the project does not ship: found through `POMONAG_DATA_DIR`, never downloaded behind the user's back."""

from __future__ import annotations

import os
from pathlib import Path

from pomonag.errors import UserError

VARIABLE = "POMONAG_DATA_DIR"

# How to come by each file; the first column of the message a user sees when it is missing.
OUTSIDE_FILES = {
    "nasbench201/accuracies.csv.gz": (
        "a CSV with the columns arch_str, cifar10_test_acc_200ep and cifar100_test_acc_200ep, one row for each of the "
        "15,625 architectures, written from the NATS-Bench API (topology space)"
    ),
    "nasbench201/latency_help.csv.gz": (
        "a CSV with the column index (the official NAS-Bench-201 index) and one column a device in milliseconds, "
        "written from the latency files of HELP (github.com/HayeonLee/HELP, data/nasbench201/latency)"
    ),
    "ofa/latency_note10.csv.gz": (
        "a CSV of operators and their mean milliseconds on a Samsung Note 10 at 17 resolutions, written from CompOFA's "
        "lookup tables (github.com/gatech-sysml/CompOFA)"
    ),
    "ofa/archs5000_latency.csv.gz": (
        "a CSV of 5,000 Once-for-All architectures (ks, e, d, r) with a column a GPU and batch size in milliseconds, "
        "written from HELP (github.com/HayeonLee/HELP, data/ofa)"
    ),
    "meta_dataset_nb201/train.csv.gz": (
        "the 4,230 training rows of DiffusionNAG's NAS-Bench-201 meta-dataset (github.com/CownowAn/DiffusionNAG) as CSV"
    ),
    "meta_dataset_nb201/tasks.csv.gz": (
        "a CSV with the column task and the columns class_00 to class_19: the ImageNet32 classes of those rows' tasks"
    ),
    "ofa/acc_predictor.npz": (
        "the weights of Once-for-All's MobileNetV3 accuracy predictor (github.com/mit-han-lab/once-for-all) as arrays "
        "0.weight, 0.bias, 2.weight, ... 6.bias"
    ),
    "images/cifar10_subset.npz": "arrays x_train, y_train, x_test, y_test, classes: 32 x 32 RGB images of CIFAR-10",
    "images/cifar100_subset.npz": "arrays x_train, y_train, x_test, y_test, classes: 32 x 32 RGB images of CIFAR-100",
    "images/miniimagenet32.npz": "arrays x, y, classes: mini-ImageNet at 32 x 32, 100 classes",
}


class DataMissing(UserError):
    """A file from outside the project is not there. The message says what it holds and where to put it."""


def data_path(name: str, folder: str | os.PathLike[str] | None = None) -> Path:
    """Where the file `name` (such as `nasbench201/accuracies.csv.gz`) lies below `folder`, else POMONAG_DATA_DIR.

    There is no default folder. Raises DataMissing when neither is given or the file is not there.
    """
    folder = folder or os.environ.get(VARIABLE)
    what = f" It is {OUTSIDE_FILES[name]}." if name in OUTSIDE_FILES else ""
    if not folder:
        raise DataMissing(
            f"{name} is needed, but {VARIABLE} is not set. "
            f"Set it to the folder that holds the file, or give --data-dir.{what}"
        )
    path = Path(folder).expanduser() / name
    if not path.is_file():
        raise DataMissing(
            f"{path} is not there. Put the file there, or set {VARIABLE} to the folder that holds {name}.{what}"
        )
    return path
