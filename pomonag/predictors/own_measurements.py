"""What can be said of an architecture without any published accuracy: training-free scores and our own lite rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pomonag.meta_dataset.training_free import VOTERS, vote
from pomonag.meta_dataset.training_free_table import shipped_scores
from pomonag.predictors.embeddings import load_embedding
from pomonag.predictors.predictor_set import load_predictor_set
from pomonag.spaces.search_space import SearchSpace


def lite_scores(space: SearchSpace, architectures: Sequence[Any], dataset: str) -> np.ndarray:
    """What the shipped set `lite_rows`, which saw reduced trainings alone, thinks of each on that data set, [n]."""
    predictors = load_predictor_set(space, "lite_rows")
    return predictors.scores(architectures, predictors.condition(load_embedding(dataset), "lite"))


def own_vote(space: SearchSpace, dataset: str) -> np.ndarray:
    """The vote of the training-free voters and the lite rows' predictor over the rows of `shipped_scores`, [n].

    The two err apart: short trainings do not reward capacity, which is nearly all that the others see.
    """
    table = shipped_scores(space.name)
    lite = lite_scores(space, [space.parse(text) for text in table["architecture"]], dataset)
    return vote({**{name: table[name] for name in VOTERS}, "lite": lite})
