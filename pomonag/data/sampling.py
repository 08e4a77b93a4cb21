"""Which images of a class stand for it."""

from __future__ import annotations

import numpy as np

from pomonag.errors import UserError
from pomonag.records.seeds import seed_of

SAMPLES_PER_CLASS = 20
FEWEST_PER_CLASS = 5


def check_class_counts(counts: dict[str, int], samples_per_class: int) -> list[str]:
    """Notices on classes that must be drawn with replacement; UserError for fewer than two classes or five images.

    `counts` holds the number of images of each class by its name.
    """
    if len(counts) < 2:
        found = f"only one class ({next(iter(counts))!r})" if counts else "no class"
        raise UserError(f"the images have {found}, expected at least two. Add images of another class.")
    scarce = {name: count for name, count in counts.items() if count < FEWEST_PER_CLASS}
    if scarce:
        listed = ", ".join(f"{name!r} has {count}" for name, count in list(scarce.items())[:5])
        more = f" (and {len(scarce) - 5} more classes)" if len(scarce) > 5 else ""
        raise UserError(
            f"too few images: class {listed}{more}; expected at least {FEWEST_PER_CLASS} a class, "
            f"better {samples_per_class}. Add images or leave the class out."
        )
    short = {name: count for name, count in counts.items() if count < samples_per_class}
    if not short:
        return []
    listed = ", ".join(f"{name!r} ({count})" for name, count in list(short.items())[:5])
    more = f" and {len(short) - 5} more" if len(short) > 5 else ""
    return [f"drawn with replacement, because fewer than {samples_per_class} images: class {listed}{more}"]


def sample_class(count: int, samples_per_class: int, label: int, seed: int) -> np.ndarray:
    """Positions [samples] of the images that stand for class `label`, out of its `count` images.

    Without replacement where there are enough, in rising order; otherwise every image once and the rest drawn again.
    The choice depends on the class and the seed, never on the other classes.
    """
    random = np.random.default_rng(seed_of("class samples", label, seed))
    if count >= samples_per_class:
        return np.sort(random.choice(count, samples_per_class, replace=False))
    return np.concatenate([np.arange(count), random.choice(count, samples_per_class - count)])


def sample_classes(labels: np.ndarray, samples_per_class: int, seed: int) -> np.ndarray:
    """Indices [classes, samples] of the images that stand for each class of `labels` [n], integers from 0.

    Drawing again from what was drawn gives the same images, so a folder may be sampled before it is read.
    """
    rows = []
    for label in range(int(labels.max()) + 1):
        members = np.flatnonzero(labels == label)
        rows.append(members[sample_class(len(members), samples_per_class, label, seed)])
    return np.stack(rows)
