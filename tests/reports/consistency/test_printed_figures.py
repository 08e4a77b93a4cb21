"""The evidence is computed: figures worked out by hand or printed elsewhere, and figures that follow changed input."""

import pytest

from reports.consistency import RULES

COMPUTED = {
    "PI-01": ["100.07 %"],
    "PI-02": ["7.78 M at 32×32", "1.95 M at 16×16", "POMONAG-Eff 1.27 M"],
    "PI-03": ["149.3 M", "printed 18.02 M", "one factor between 7.92 and 8.12"],
    "PI-04": ["120.01 M with 10 classes", "121.28 M with 1000", "80, 96, 112"],
    "PI-05": ["3.9 M and 120.0 M", "30 times"],
    "PI-06": [
        "0.25 M apart, half-width 0.04 M",
        "floor 3.41 M params",
        "33.79 M MACs at 112×112",
        "32.52 M with 10",
        "at most 926",
    ],
    "PI-07": ["Eff 702.5 > Bal 181.2 (unless < 23 %)", "Eff 55.3 > Bal 10.6", "Eff 25.6 > Bal 21.0"],
    "PI-08": ["+1.05", "+2.43"],
    "PI-09": [
        "200 test images (standard error 3.1 points at 75 %)",
        "2,562 (0.86)",
        "1,000 images a class against all 1,281",
    ],
    "PI-10": ["21 rows of operations, 20×20"],
    "PI-11": ["0.705 to 0.822 (+0.117): text strategy, table pipeline", "text An et al., table POMONAG"],
    "PI-12": ["22.5 points", "0.05"],
    "PI-13": ["on 4 data sets", "0.29 to 7.32", "DiffusionNAG on pets"],
    "PI-14": ["4 of 4 data sets", "4 of 15"],
    "PI-15": ["2 of 3", "250 of 15,625 architectures (1.6 %), 59 times"],
    "PI-16": ["37.41 % > uniqueness 34.14 %", "19.87 % > uniqueness 5.10 %", "100.00 % > uniqueness 91.79 %"],
    "PI-17": ["2 values in the list, 3 (3, 4, 6)", "2.18e+19 networks with 3 expansions and 8.9e+15 with 2"],
    "PI-18": ["34.24 > 32.13 ms, +6.6 %", "params -24 %, macs -10 %"],
    "PI-19": ["t 4.303, normal 1.96", "2.20-fold", "1.09-fold"],
    "PI-20": [
        "228 of 388 tasks (59 %)",
        "317 of 354 architectures (90 %)",
        "around 57 (57 % of the",
        "explain 62 %",
        "alone 5 %",
    ],
    "PI-21": ["7,371 settings", "2.18e+19", "4.35e+19"],
    "PI-22": ["14,896 of 15,625 cells (95.3 %)"],
    "PI-23": ["6.40 M (10 classes), 6.64 M (200 classes), 7.66 M (1000 classes)", "7.86"],
    "PI-24": ["28 values", "0.032 M (0.029 M", "printed 0.01 M", "would leave 0.002 M"],
    "PI-25": ["100/768 = 0.13 %", "98.96 for 98.97, 100.00 for 99.97, 72.53 for 72.58", ": 3093"],
    "PI-26": ["MetaD2A cifar100 mean 73.34 ± 0.04", "both 41.72", "TNAS pets mean 40.00 ± 0.00", "97.22 ± 0.00"],
    "PI-27": ["tabled 5, 5, 2, 2", "10,000 trainings", "20,000 trainings", "250 trials", "up to 6 further"],
    "PI-28": ["25,500 h (nb201) + 42,667 h (mbv3) = 68,167 h", "7.8 years", "38 h (nb201)", "122 h (mbv3)"],
    "PI-29": ["= 258 s, 75 % of 345 s", "= 668 s, 61 % of 1,095 s"],
    "PI-30": ["0 correlations", "7 numbers"],
    "PI-31": ["a ratio of 10", "falling by 300", "falling by 500"],
    "PI-32": [
        "6 of 8 efficient factors are at least 0.93",
        "482 (0.95), 421 (0.80)",
        "81.89 %, with Eff added 76.07 %",
    ],
    "PI-33": ["250 + 492 = 742", "1,553"],
    "PI-34": ["95.3 % against 742", "90.1 % against 1,553", "5e-16 probability (20,000 of 4.35e+19)"],
    "PI-35": ["15,625 strings, 6,466 up to isomorphism", "99.2 % as strings, by 84.1 %"],
    "PI-36": ["26.5 points", "171 against 254"],
    "PI-37": ["2 of 15 evaluation data sets: stl10, tinyimagenet"],
    "PI-38": ["2.1 points at 90 %", "13.7 points (3.8"],
    "PI-39": ["6 of 6 pairs overlap; gain 4.06", "57 % (pets alone 45 %)", "gain 2.67", "19 % (aircraft alone 15 %)"],
    "PI-40": ["aircraft +3.75, pets +27.50", "epochs 20 / 50", "30 or 100 classes"],
    "PI-41": ["28 values of params and 28 of MACs", "0.666, 0.656"],
    "PI-42": ["3 fronts", "4 for 2 configurations in 2 spaces"],
}

FOLLOWING = {
    "PI-02 floor of another side": ("PI-02", lambda p: p.saying(nb201_input_side=28), "5.96 M at 28×28"),
    "PI-04 another side": (
        "PI-04",
        lambda p: p.changing({"space": "mbv3", "metric": "input_side", "statistic": "used"}, value=256.0),
        "156.29 M with 10 classes",
    ),
    "PI-08 another best": ("PI-08", lambda p: p.saying(nb201_best={"cifar10": 95.0}), "cifar10: 95.42 − 95.00 = +0.42"),
    "PI-09 more images": (
        "PI-09",
        lambda p: p.changing({"metric": "test_samples_per_class"}, value=20.0),
        "400 test images (standard error 2.2 points",
    ),
    "PI-18 another latency": (
        "PI-18",
        lambda p: p.changing(
            {"table": "5", "method": "POMONAG-Acc", "space": "mbv3", "metric": "latency"}, value=64.26
        ),
        "+100.0 %",
    ),
    "PI-19 five runs": ("PI-19", lambda p: p.changing({"metric": "runs"}, value=5.0), "n = 5: t 2.776"),
    "PI-21 two kernels": ("PI-21", lambda p: p.saying(mbv3_kernels=[3, 5]), "1,548 settings"),
    "PI-23 both widths": (
        "PI-23",
        lambda p: p.saying(diffusionnag_mbv3_widths=[1.0, 1.2]).changing(
            {"table": "5", "method": "DiffusionNAG", "space": "mbv3", "metric": "params"}, value=11.0
        ),
        "10.70 M (1000 classes)",
    ),
    "PI-25 ten runs": ("PI-25", lambda p: p.changing({"metric": "runs"}, value=10.0), "10 runs of 256"),
    "PI-28 a cheaper training": (
        "PI-28",
        lambda p: p.changing({"metric": "training_time", "method": "POMONAG fastest configuration"}, value=3600.0),
        "30,000 h",
    ),
    "PI-29 half the repeats": ("PI-29", lambda p: p.changing({"metric": "latency_repeats"}, value=50.0), "= 129 s"),
    "PI-33 fewer draws": (
        "PI-33",
        lambda p: p.changing({"metric": "meta_dataset_size", "method": "POMONAG", "space": "nb201"}, value=1000.0),
        "244 + 50 = 294",
    ),
    "PI-36 another validity": (
        "PI-36",
        lambda p: p.changing({"table": "4", "method": "POMONAG", "space": "mbv3", "metric": "validity"}, value=50.0),
        "49.1 points",
    ),
    "PI-38 a lower level": ("PI-38", lambda p: p.saying(assumed_accuracy={"mbv3": 95.0, "nb201": 75.0}), "10.0 points"),
    "PI-39 no gain on Pets": (
        "PI-39",
        lambda p: p.changing({"table": "2", "method": "POMONAG-Acc", "dataset": "pets"}, value=41.32),
        "give 12 % (aircraft alone 6 %)",
    ),
}


@pytest.mark.parametrize("name", COMPUTED)
def test_the_arithmetic_holds_the_figures(paper, name):
    arithmetic = RULES[name](paper).arithmetic
    missing = [figure for figure in COMPUTED[name] if figure not in arithmetic]
    assert not missing, arithmetic


def test_every_rule_has_its_figures_here():
    assert list(COMPUTED) == list(RULES)


@pytest.mark.parametrize("case", FOLLOWING)
def test_the_arithmetic_follows_the_paper(paper, case):
    name, edit, expected = FOLLOWING[case]
    assert expected not in RULES[name](paper).arithmetic
    assert expected in RULES[name](edit(paper)).arithmetic
