"""Tables 7 and 8: training pipelines, the paper's beside that of our reduced trainings."""

from __future__ import annotations

from pomonag.evaluation.trained import TrainingProtocol
from pomonag.training.pipeline_space import PAPER_PIPELINE_SPACE
from pomonag.training.recipe import Recipe
from reports.layouts.layout import DASH, Column, PaperTable, Printed, Row, Stub
from reports.layouts.results import SPACES
from reports.paper_pipelines import CHOSEN, SEARCHED, choices, choices_text, chosen, setting_text
from reports.pipeline_tunings import tuned_settings

_OPTIMISERS = {"sgd": "SGD with Nesterov momentum", "muon": "Muon for kernels, SGD for the rest"}


def our_pipelines() -> dict[str, dict[str, str]]:
    """What our trained labels were trained with, by space, in the paper's words; a setting left out is not used."""
    protocol = TrainingProtocol()
    return {protocol.space: _in_the_papers_words(protocol.recipe)}


def _in_the_papers_words(recipe: Recipe) -> dict[str, str]:
    rates = [recipe.muon_learning_rate, recipe.learning_rate] if recipe.optimizer == "muon" else [recipe.learning_rate]
    return {
        "weights": "PyTorch's default",
        "mixed_precision": f"True ({recipe.precision})" if recipe.precision != "fp32" else "False",
        "technique": "Ordinary",
        "epochs": str(recipe.epochs),
        "warmup_epochs": f"{recipe.warmup * recipe.epochs:g}",
        "optimiser": _OPTIMISERS[recipe.optimizer],
        "learning_rate": ", ".join(setting_text("learning_rate", rate) for rate in rates),
        "scheduler": "Cosine annealing",
        "weight_decay": setting_text("weight_decay", recipe.weight_decay),
        "label_smoothing": setting_text("label_smoothing", recipe.label_smoothing or None),
        "resize": setting_text("resize", recipe.resolution),
        "horizontal_flip": setting_text("horizontal_flip", recipe.flip),
        "padding": setting_text("padding", recipe.crop_padding),
        "random_crop": setting_text("random_crop", recipe.resolution),
    }


def table_7() -> PaperTable:
    """The choices for each hyperparameter."""
    ours = our_pipelines()
    return PaperTable(
        "7",
        "search space of the training pipelines",
        f"{PAPER_PIPELINE_SPACE.size:,} pipelines. – among the choices: not used. Ours is fixed, not searched: the "
        "reduced training behind our meta-dataset, of which Table 8 says all.",
        (Column("Hyperparameter"),),
        (Column("Search space"), *(Column(f"Ours, {SPACES[space]} (lite)") for space in ours)),
        tuple(
            Row(
                (Stub(label),),
                (
                    Printed(choices_text(name, choices(name))),
                    *(Printed(recipe.get(name, DASH)) for recipe in ours.values()),
                ),
            )
            for name, label in SEARCHED.items()
        ),
    )


def table_8() -> PaperTable:
    """The chosen pipelines: the paper's, that of our labels, and what a tuning of ours chose where one ships."""
    ours, paper = our_pipelines(), {space: chosen(space) for space in SPACES}
    tuned = {space: settings for space in SPACES if (settings := tuned_settings(space)) is not None}
    columns, rows = [], []
    for space, label in SPACES.items():
        columns += [Column("Paper", label), Column("Ours (lite)", label)]
        if space in tuned:
            columns.append(Column("Tuned (lite)", label))
    for name, label in CHOSEN.items():
        entries = []
        for space in SPACES:
            entries.append(Printed(setting_text(name, paper[space][name])))
            entries.append(Printed(ours[space].get(name, DASH) if space in ours else DASH))
            if space in tuned:
                entries.append(Printed(tuned[space][name]))
        rows.append(Row((Stub(label),), tuple(entries)))
    return PaperTable(
        "8",
        "training pipelines of the two spaces",
        "–: not used, or no pipeline of ours for the space. Ours is the reduced training behind our meta-dataset's "
        "labels: no result of it stands beside an accuracy of the paper. The paper prints no batch size, and the "
        "source text no row for CutMix. Tuned: what the paper's search finds at a small size, with what its epochs "
        "stand for in brackets; more of it below the table.",
        (Column("Hyperparameter"),),
        tuple(columns),
        tuple(rows),
    )
