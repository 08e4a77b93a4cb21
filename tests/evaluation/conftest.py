from __future__ import annotations

import pytest

from pomonag.data.sources import DataMissing, data_path


@pytest.fixture(scope="session")
def accuracies_path():
    """The published table; tests that need it are skipped without it."""
    try:
        return data_path("nasbench201/accuracies.csv.gz")
    except DataMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def latencies_path(accuracies_path):
    """The devices' table; tests that need it are skipped without it."""
    try:
        return data_path("nasbench201/latency_help.csv.gz")
    except DataMissing as missing:
        pytest.skip(str(missing))
