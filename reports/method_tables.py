"""Tables of what stands behind fast mode: its denoiser, its samplers, its scaling factors."""

from __future__ import annotations

from pomonag.guidance.factor_files import fast_factors, shipped_tuning
from pomonag.guidance.stretching import PAPER_FACTORS
from reports.evidence import Evidence
from reports.measurements import RunKey
from reports.tables import Plain, ReportTable, Row

PARTS = {
    "validity": "Validity, %",
    "uniqueness": "Uniqueness, %",
    "predicted_hypervolume": "Hypervolume of predicted fronts",
    "training_cpu_seconds": "Training, CPU",
    "generation_cpu_seconds": "Generation, CPU",
}
_PARTS_ROWS = (
    ("Denoiser of categories", "cross-entropy on each row's operation", "denoiser", "categorical"),
    ("Denoiser of scores", "score matching, same network and steps", "denoiser", "score"),
    ("Ancestral, 20 steps", "what fast mode uses", "sampler", "ancestral-20-steps"),
    ("Euler, 20 steps", "", "sampler", "euler-20-steps"),
    ("Heun, 10 steps", "two calls a step", "sampler", "heun-10-steps"),
    ("DPM-Solver++(2M), 20 steps", "", "sampler", "dpm-solver-pp-2m-20-steps"),
    ("Ancestral, 10 steps", "", "sampler", "ancestral-10-steps"),
    ("Ancestral, 40 steps", "", "sampler", "ancestral-40-steps"),
)


def parts(evidence: Evidence) -> ReportTable:
    """What the denoiser predicts and which sampler: the choices behind fast mode."""
    measured = {
        "denoiser": ("validity", "training_cpu_seconds"),
        "sampler": ("validity", "uniqueness", "predicted_hypervolume", "generation_cpu_seconds"),
    }
    rows = []
    for label, remark, method, configuration in _PARTS_ROWS:
        key = RunKey("parts", method, configuration, "nb201", "unguided" if method == "denoiser" else "cifar10")
        entries = tuple(evidence.number(key, m) if m in measured[method] else Plain("–") for m in PARTS)
        rows.append(Row(label, remark, entries))
    return ReportTable(
        "parts",
        "Fast mode's parts: denoiser and sampler",
        tuple(PARTS.values()),
        tuple(rows),
        (
            "Denoisers: 600 steps of training from nothing, then unguided samples. Samplers: 256 architectures for "
            "CIFAR-10's embedding under the shipped guides and factors, judged by the shipped predictor.",
        ),
        head="Part",
    )


def factor_text(factor: float) -> str:
    """Four significant digits, whole numbers as they are.

    >>> factor_text(24943), factor_text(5.6668), factor_text(0.0)
    ('24,943', '5.667', '0')
    """
    return f"{factor:,.0f}" if factor >= 1000 else f"{factor:.4g}"


_FACTORS = {
    "accuracy": "Accuracy",
    "params": "Params",
    "macs": "MACs",
    "latency": "Latency",
    "spread": "Spread",
    "repulsion": "Repulsion",
}


def scaling_factors() -> ReportTable:
    """The factors of both modes, and how ours were found."""
    ours, how = fast_factors("nb201"), shipped_tuning("nb201")
    rows = [
        Row(f"{mode}, {phase}", "", tuple(Plain(factor_text(getattr(k, name))) for name in _FACTORS))
        for mode, phases in (("Reference (the paper's)", PAPER_FACTORS["nb201"]), ("Fast", ours))
        for phase, k in phases.items()
    ]
    tuning = how["tuning"]
    return ReportTable(
        "factors",
        "Scaling factors of the two phases",
        tuple(_FACTORS.values()),
        tuple(rows),
        (
            f"Ours are the best of {tuning['trials']} trials a phase (TPE and Hyperband) on "
            f"{', '.join(tuning['datasets'])}, by {tuning['quality']} of predicted fronts, with the predictors "
            f"{', '.join(tuning['predictors'])}. The whole search took {how['seconds']:.0f} s. All four data "
            "sets that the paper tunes on are also among its test data sets (PI-14), and ours have both CIFARs.",
            "With a spread s above 1 each sample descends one cost, whose factor is multiplied by 1/s to s; repulsion "
            "is how strongly samples avoid each other. The labels of the two modes have other scales: their factors "
            "are not comparable.",
        ),
        head="Mode, phase",
    )
