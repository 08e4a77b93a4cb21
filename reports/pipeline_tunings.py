"""What the tunings of training pipelines that ship found, for the page: beside Table 8, with pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from pomonag.meta_dataset.tuning.outcome import Outcome, shipped_outcome
from pomonag.meta_dataset.tuning.plots import history_figure, importance_figure
from pomonag.training.pipeline import TrainingPipeline
from reports.layouts.results import SPACES
from reports.paper_figures.page import Picture
from reports.paper_figures.palette import page_svg
from reports.paper_pipelines import CHOSEN, SEARCHED, in_the_papers_words, setting_text

_IN_EPOCHS = ("epochs", "warmup_epochs", "early_stopping_patience")


@dataclass(frozen=True)
class TunedPair:
    """One study: its number in the picture, what it tuned for, how its trials ended, its best."""

    number: int
    task: str
    architecture: str
    endings: str
    best: str


@dataclass(frozen=True)
class Tuning:
    """A space's tuning as the page shows it."""

    label: str
    setting: str
    recipes: str
    agreement: str
    pairs: tuple[TunedPair, ...]
    pictures: tuple[Picture, ...]


def tunings() -> list[Tuning]:
    """Those that ship, in the order of the spaces."""
    return [_tuning(space, outcome) for space in SPACES if (outcome := shipped_outcome(space)) is not None]


def tuned_settings(space: str) -> dict[str, str] | None:
    """The tuned pipeline by the names of `CHOSEN`, as Table 8 prints; None where no tuning ships.

    Epochs have in brackets what they stand for.
    """
    outcome = shipped_outcome(space)
    if outcome is None:
        return None
    words = in_the_papers_words(TrainingPipeline(**{**outcome["settings"]["base"], **outcome["combined"]}))
    texts = {name: setting_text(name, words[name]) for name in CHOSEN}
    for name in _IN_EPOCHS:
        if words[name] is not None and outcome["divisor"] > 1:
            texts[name] += f" ({words[name] * outcome['divisor']})"
    return texts


def _tuning(space: str, outcome: Outcome) -> Tuning:
    settings, base = outcome["settings"], outcome["settings"]["base"]
    trials = [trial for pair in outcome["pairs"] for trial in pair["trials"]]
    whole = sum(trial["state"] == "complete" for trial in trials)
    images = f"{settings['images']} images a class" if settings["images"] else "all images"
    setting = (
        f"{len(trials)} trials on {len(outcome['pairs'])} pairs of task and architecture, {whole} of them to the end, "
        f"in {outcome['trial_cpu_seconds'] / 60:.0f} CPU minutes. Epochs are the paper's divided by "
        f"{outcome['divisor']}; {images} of {base['resolution']} pixels, {settings['validation_share']:.0%} of them "
        f"to validate with; batches of {base['batch_size']}."
    )
    differing = [name for name, tuned in outcome["combined"].items() if tuned != outcome["table_8"][name]]
    named = ", ".join(SEARCHED[name].lower() for name in differing)
    agreement = (
        f"It agrees with Table 8 in {len(outcome['combined']) - len(differing)} of {len(outcome['combined'])} settings"
        + (f"; not in {named}." if differing else ".")
        + f" CutMix, of which Table 8 has no row: {setting_text('cutmix', outcome['combined']['cutmix'] or None)}."
    )
    pictures = (
        Picture(
            f"tuning-{space}-importance",
            "Which settings mattered",
            _shares(outcome),
            Markup(page_svg(lambda colours: importance_figure(outcome, colours), f"tuning-{space}-importance")),
        ),
        Picture(
            f"tuning-{space}-history",
            "Best so far, a line a pair",
            "; ".join(f"{n}: {p['best_accuracy'] or 0:.1f} %" for n, p in enumerate(outcome["pairs"], 1)),
            Markup(page_svg(lambda colours: history_figure(outcome, colours), f"tuning-{space}-history")),
        ),
    )
    pairs = tuple(_pair(number, pair) for number, pair in enumerate(outcome["pairs"], 1))
    return Tuning(SPACES[space], setting, _recipes(outcome), agreement, pairs, pictures)


def _pair(number: int, pair: Mapping[str, Any]) -> TunedPair:
    counts = {state: sum(trial["state"] == state for trial in pair["trials"]) for state in ("complete", "pruned")}
    lost = len(pair["trials"]) - sum(counts.values())
    endings = f"{counts['complete']} complete, {counts['pruned']} pruned" + (f", {lost} diverged" if lost else "")
    best = "–" if pair["best_accuracy"] is None else f"{pair['best_accuracy']:.1f} %"
    return TunedPair(number, pair["task"], pair["architecture"], endings, best)


def _recipes(outcome: Outcome) -> str:
    ours, paper = outcome["recipes"]["combined"], outcome["recipes"]["table_8"]
    both = [(a, b) for a, b in zip(ours, paper) if a is not None and b is not None]
    if not both:
        return "Trained anew, one of the two diverged on every pair."
    means = [sum(values) / len(both) for values in zip(*both)]
    better = sum(a > b for a, b in both)
    return (
        f"Trained anew on images that the search had not drawn, the tuned pipeline reaches {means[0]:.1f} %, Table 8's "
        f"at this size {means[1]:.1f} % (means over {len(both)} pairs; the tuned one is better on {better})."
    )


def _shares(outcome: Outcome) -> str:
    shares = outcome["importances"]
    return "; ".join(f"{name}: {share:.2f}" for name, share in shares.items()) if shares else "too few trials to tell"
