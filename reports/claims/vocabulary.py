"""The names that a predicate may use: metrics, methods, spaces, data sets, costs, statistics, and sets of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from reports import paper_numbers
from reports.cells import slug

# In the order in which the parts of a reference stand.
KINDS = ("method", "space", "dataset", "cost", "statistic")
REQUIRED = ("method", "space")

SPACES = ("nb201", "mbv3")
COSTS = ("params", "macs", "latency")
STATISTICS = ("mean", "max", "min")
DATASETS_4 = ("cifar10", "cifar100", "aircraft", "pets")
DATASETS_15 = (
    *DATASETS_4, "bloodmnist", "dermamnist", "eurosat", "fashionmnist", "octmnist", "organamnist", "organcmnist",
    "pathmnist", "stl10", "tinyimagenet", "tissuemnist",
)  # fmt: skip
SPEARMAN = (
    "spearman_accuracy_noisy", "spearman_accuracy_denoised", "spearman_params_noisy", "spearman_macs_noisy",
    "spearman_latency_noisy",
)  # fmt: skip
METRICS = frozenset(
    (
        *SPEARMAN, *COSTS, "validity", "uniqueness", "novelty", "test_accuracy", "trained_architectures", "regret",
        "front_extent", "hypervolume", "predicted_accuracy", "point", "front", "cost_seconds", "generation_time",
        "training_time", "repeatability_cv", "recipe_accuracy", "meta_params", "meta_accuracy",
    )
)  # fmt: skip
# Sets whose members are the same wherever they stand; those of rivals are read from the paper's tables.
FIXED_SETS: Mapping[str, tuple[str, ...]] = {
    "spearman_metrics": SPEARMAN,
    "costs": COSTS,
    "spaces": SPACES,
    "datasets4": DATASETS_4,
    "datasets15": DATASETS_15,
    "variants": ("pomonag_eff", "pomonag_bal", "pomonag_acc"),
}
_KINDS_OF_SETS: Mapping[str, tuple[str, ...]] = {
    "spearman_metrics": ("metric",),
    "costs": ("metric", "cost"),
    "spaces": ("space",),
    "datasets4": ("dataset",),
    "datasets15": ("dataset",),
    "variants": ("method",),
    "rivals_t1": ("method",),
    "rivals_t2": ("method",),
    "bo_methods": ("method",),
}
SETS = tuple(_KINDS_OF_SETS)
# Methods of the claims that no table of the paper has.
_OTHER_METHODS = (
    "pomonag_accuracy_only", "pomonag_one_phase", "pomonag_shuffled_embedding", "pomonag_top250", "pomonag_uniform",
    "random_valid", "efficient_phase", "accurate_phase", "guide_on", "guide_off", "trimmed_mean", "plain_mean",
    "tuned", "an_et_al",
)  # fmt: skip


def kinds_of_set(name: str) -> tuple[str, ...]:
    """What a name that runs over the set may stand for."""
    return _KINDS_OF_SETS[name]


@functools.cache
def names(kind: str) -> frozenset[str]:
    """All names of a kind."""
    return {
        "metric": METRICS,
        "method": frozenset((*_paper_methods(), *_OTHER_METHODS)),
        "space": frozenset(SPACES),
        "dataset": frozenset(DATASETS_15),
        "cost": frozenset(COSTS),
        "statistic": frozenset(STATISTICS),
    }[kind]


@functools.cache
def members(name: str, dataset: str | None) -> tuple[str, ...]:
    """The members of a set; of a set of rivals those that the paper's table has a number of, for `dataset` if given.

    BOHB, for example, has none on Aircraft and Pets: a claim about all rivals is not about it there.
    """
    if name in FIXED_SETS:
        return FIXED_SETS[name]
    table = "1" if name == "rivals_t1" else "2"
    rows = [
        n
        for n in paper_numbers.load()
        if n.table == table and n.metric == "test_accuracy" and dataset in (None, n.dataset)
    ]
    if name == "bo_methods":
        rows = [n for n in rows if n.note.startswith("family bo")]
    rivals = dict.fromkeys(plain(n.method) for n in rows)
    return tuple(rival for rival in rivals if not rival.startswith("pomonag"))


@functools.cache
def plain(name: str) -> str:
    """A method's name as predicates spell it.

    >>> plain("GP-UCB"), plain("POMONAG-Acc"), plain("POMONAG strategy, ViT-B-16, POMONAG pipeline, 10000")
    ('gp_ucb', 'pomonag_acc', 'ablation_5')
    """
    return _ablations().get(slug(name)) or name.lower().replace("-", "_")


@functools.cache
def _ablations() -> dict[str, str]:
    """The methods of Table 6, in its order, under the names of the claims."""
    rows = dict.fromkeys(n.method for n in paper_numbers.load() if n.table == "6")
    return {slug(row): f"ablation_{number}" for number, row in enumerate(rows, 1)}


def _paper_methods() -> set[str]:
    return {plain(n.method) for n in paper_numbers.load() if n.table != "text"}
