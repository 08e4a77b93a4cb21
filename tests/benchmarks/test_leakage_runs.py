"""The audit's own runs: what is drawn, what the generator learns from, what is looked up."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks import generation, inputs, leakage_runs
from benchmarks.device import DEVICE_VARIABLE
from benchmarks.generation import Generated
from pomonag.diffusion.denoiser_training import DenoiserTraining


@pytest.fixture
def table():
    if inputs.TABLE.missing():
        pytest.skip(inputs.TABLE.missing())
    return inputs.accuracies()


def test_any_of_a_generation_is_the_mean_of_its_distinct_architectures(table):
    everything = inputs.space().enumerate()
    truth = table.accuracies("cifar10")
    outcome = leakage_runs._any_of(Generated.of_draws([everything[i] for i in (5, 99, 5)]), "cifar10")
    assert outcome.values["test_accuracy"] == pytest.approx(truth[[5, 99]].mean(), abs=1e-4)
    assert len(outcome.details["accuracies"]) == 2


def test_the_rows_are_the_papers(table):
    best = {str(inputs.space().enumerate()[i]) for i in np.argsort(-table.mean_over_datasets(), kind="stable")[:250]}
    rows = list(map(str, leakage_runs.leaked_rows(0)))
    assert len(rows) == 10_000
    assert sum(row in best for row in rows) == 9_500
    # PI-33: about 742 distinct ones, 250 and 492.
    assert len(set(rows) & best) == 250
    assert len(set(rows) - best) == pytest.approx(492, abs=10)
    assert rows == list(map(str, leakage_runs.leaked_rows(0)))
    assert rows != list(map(str, leakage_runs.leaked_rows(1)))


def test_a_generator_learns_its_rows(table, monkeypatch):
    """Trained shortly on them, unguided, it makes members of the top 250 far more often than uniform draws do."""
    denoiser = leakage_runs.denoiser_of_rows(0, DenoiserTraining(steps=150, batch=128))
    known = set(map(str, leakage_runs._everything()[leakage_runs._best()]))
    from pomonag.predictors.embeddings import load_embedding
    from pomonag.search import search

    found = search(
        inputs.space(), load_embedding("cifar10"), count=64, factors=None, measure=False, denoiser=denoiser
    )  # fmt: skip
    share = np.mean([str(architecture) in known for architecture in found.architectures])
    assert share > 10 * 250 / 15_625


def test_the_guides_stay_ignorant_of_the_judged_data_set():
    for run in leakage_runs.runs():
        if run.key.configuration == "top250-rows":
            assert run.settings["predictors"] == f"without_{run.key.dataset}"


def test_the_device_is_part_of_the_configuration(monkeypatch):
    here = {run.key: run.config_hash for run in leakage_runs.runs()}
    monkeypatch.setenv(DEVICE_VARIABLE, "cuda")
    assert generation.computing_device() == "cuda"
    assert all(run.config_hash != here[run.key] for run in leakage_runs.runs())
    assert torch.device(generation.computing_device()).type == "cuda"
