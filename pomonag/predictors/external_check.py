"""How well scores without any real table rank a benchmark's trained networks.

`python -m pomonag.predictors.external_check` prints it. Only for reporting: nothing is
fitted to the tables or chosen by what this prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.stats import spearmanr

from pomonag.errors import UserError
from pomonag.evaluation.tabular import AccuracyTable
from pomonag.guarded import run_guarded
from pomonag.meta_dataset.training_free import SCORES, VOTERS, vote
from pomonag.meta_dataset.training_free_table import shipped_scores
from pomonag.predictors.own_measurements import lite_scores, own_vote
from pomonag.spaces import SearchSpace, search_space


def agreement(table: AccuracyTable, architectures: Sequence[Any], scores: Mapping[str, ArrayLike]) -> pd.DataFrame:
    """Spearman correlation of each score [n] with the 200-epoch accuracies, a row a score, a column a data set.

    Over the connected architectures: the others are at chance, and ties of theirs would count as skill. Raises
    UserError for a score of another length.
    """
    connected = np.array([getattr(architecture, "is_connected", True) for architecture in architectures])
    found = {}
    for dataset in table.datasets:
        accuracy = table.accuracy(architectures, dataset)[connected]
        for name, values in scores.items():
            if np.shape(values) != connected.shape:
                raise UserError(f"got {np.shape(values)} values of {name!r}, expected {connected.shape}")
            found[name, dataset] = spearmanr(np.asarray(values)[connected], accuracy).statistic
    return pd.Series(found).unstack(sort=False)


def external_check(space: SearchSpace, table: AccuracyTable) -> pd.DataFrame:
    """Every training-free score, params, the lite rows' predictor and their votes against the table's columns."""
    shipped = shipped_scores(space.name)
    architectures = [space.parse(text) for text in shipped["architecture"]]
    ranks = {name: shipped[name].rank() for name in VOTERS}
    scores: dict[str, ArrayLike] = {name: shipped[name].to_numpy() for name in (*SCORES, "params")}
    scores["mean rank of " + ", ".join(VOTERS)] = np.mean(list(ranks.values()), axis=0)
    scores["vote of " + ", ".join(VOTERS)] = vote({name: shipped[name] for name in VOTERS})
    scores["vote of all"] = vote({name: shipped[name] for name in (*SCORES, "params")})
    parts = []
    for dataset in table.datasets:
        own = {"lite rows": lite_scores(space, architectures, dataset), "own vote": own_vote(space, dataset)}
        parts.append(agreement(table, architectures, scores | own)[dataset])
    return pd.concat(parts, axis=1)


@click.command()
@click.option("--space", default="nb201", show_default=True)
def main(space: str) -> None:
    """Print the rank correlations of scores without any real table with the benchmark's 200-epoch accuracies."""
    the_space = search_space(space)
    found = external_check(the_space, AccuracyTable(space=the_space))
    click.echo("| score | " + " | ".join(found.columns) + " |")
    click.echo("|---|" + "---|" * len(found.columns))
    for name, row in found.iterrows():
        click.echo(f"| {name} | " + " | ".join(f"{value:.3f}" for value in row) + " |")


if __name__ == "__main__":
    run_guarded(main, "interrupted")
