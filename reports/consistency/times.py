"""Hours and seconds that the paper's own figures add up to."""

from __future__ import annotations

from reports.consistency.paper import Paper
from reports.consistency.rule import Flaw, rule
from reports.paper_numbers import PaperNumber

HOUR, YEAR_HOURS = 3600.0, 365.25 * 24
SPACES = ("nb201", "mbv3")


@rule(28, "caveat", "Times that leave most of the work out", "Sections 3.2, 3.4 and 4")
def work_left_out(paper: Paper) -> Flaw | None:
    """Sections 3.2, 3.4 and 4: what a method is said to take includes what it rests on, and a saving has a baseline."""
    reported = paper.said("times_reported")
    baseline = [n for n in paper.numbers if n.method == "DiffusionNAG" and n.metric.endswith("_time")]
    left_out = [part for part in ("meta-dataset", "tuning") if part not in reported]
    unproved = paper.said("time_reduction_claimed") and not baseline
    if not left_out and not unproved:
        return None
    hours = {space: _meta_dataset_hours(paper, space) for space in SPACES}
    total = sum(hours.values())
    tuning = [f"{_tuning_hours(paper, space):.0f} h ({space})" for space in SPACES]
    return Flaw(
        "A generation and a training are given as the time of the method; the trainings behind the meta-datasets and "
        "the search for scaling factors are not in it, and the reduction is claimed without a time to compare with.",
        " + ".join(f"{h:,.0f} h ({space})" for space, h in hours.items())
        + f" = {total:,.0f} h of trainings at the fastest printed time, {total / YEAR_HOURS:.1f} years of one card "
        f"(order of magnitude: other data sets); tuning of the factors at most {' and '.join(tuning)}; times of a "
        f"baseline: {len(baseline)}",
        paper.rows(table="text", metric=("generation_time", "training_time")),
    )


@rule(29, "caveat", "Latencies are no negligible overhead", "Section 3.3; Section 4")
def overhead_of_latencies(paper: Paper) -> Flaw | None:
    """Section 3.3; Section 4: costs of generated architectures come at a negligible part of the generation's time."""
    if paper.said("denoised_costs_overhead") != "negligible":
        return None
    lines, cells = [], []
    repeats = paper.row(table="text", metric="latency_repeats").value
    batch = paper.row(table="text", method="POMONAG", metric="generation_batch").value
    for space in SPACES:
        # The efficient batch is taken at Eff's latency, the accurate one at Acc's.
        eff, acc = (
            paper.row(table="5", space=space, method=f"POMONAG-{c}", metric="latency").value for c in ("Eff", "Acc")
        )
        seconds = repeats * batch * (eff + acc) / 1000
        time = _generation(paper, space)
        if seconds > paper.said("assumed_negligible_share") * time.value:
            cells.append(time)
            lines.append(
                f"{space}: {repeats:.0f} × {batch:.0f} × ({eff:.2f} + {acc:.2f}) ms = {seconds:.0f} s, "
                f"{100 * seconds / time.value:.0f} % of {time.value:,.0f} s"
            )
    if not lines:
        return None
    return Flaw(
        "The costs of denoised architectures are said to come nearly for free; measuring their latencies as described "
        "takes a sizeable part of the time of the whole generation.",
        "; ".join(lines),
        tuple(cells),
    )


def _meta_dataset_hours(paper: Paper, space: str) -> float:
    rows = paper.row(table="text", method="POMONAG", space=space, metric="meta_dataset_size").value
    fastest = paper.row(table="text", method="POMONAG fastest configuration", space=space, metric="training_time").value
    return rows * fastest / HOUR


def _tuning_hours(paper: Paper, space: str) -> float:
    """At most: every trial runs on all data sets; a trial of one phase generates one of the batches."""
    trials, datasets, phases = (
        paper.row(table="text", method="POMONAG", metric=metric).value
        for metric in ("scaling_factor_evaluations", "scaling_factor_datasets", "generation_phases")
    )
    return trials * datasets * phases * (_generation(paper, space).value / phases) / HOUR


def _generation(paper: Paper, space: str) -> PaperNumber:
    return paper.row(table="text", method="POMONAG", space=space, metric="generation_time")
