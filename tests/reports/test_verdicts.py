import collections

from reports import margins, paper_numbers
from reports.paper_numbers import PaperNumber
from reports.verdicts import LOWER_IS_BETTER, Name, is_setting, judge

MARGINS = margins.load()
NUMBERS = paper_numbers.load()


def the(table, method, dataset, metric, space="nb201"):
    return paper_numbers.by_place()[table, method, space, dataset, metric]


def number(value, ci95, metric="test_accuracy"):
    return PaperNumber("2", "POMONAG-Acc", "nb201", "cifar10", metric, "mean", value, ci95, "%", "")


def judged(paper, values, higher=True, known=MARGINS, **more):
    return judge(paper, values, higher_is_better=higher, margins=known, **more)


def test_numbers_of_the_paper():
    uniqueness = the("4", "pomonag", "mean-over-runs", "uniqueness")
    assert judged(uniqueness, [98.4, 98.8, 98.0]).name is Name.BETTER
    assert judged(uniqueness, [39.2, 40.1, 38.5]).text == "INCONCLUSIVE (no number of seeds decides)"
    assert judged(the("2", "tnas", "cifar10", "test_accuracy"), [94.37333] * 5).name is Name.REPRODUCED
    assert judged(the("2", "pomonag-acc", "cifar10", "test_accuracy"), [94.37333] * 5).name is Name.WORSE
    assert judged(the("2", "bohb", "cifar10", "trained_architectures"), [100] * 3, False).name is Name.BETTER
    assert judged(the("3", "pomonag", "meta-test", "spearman_accuracy_noisy"), [0.85, 0.86, 0.85]).name is (
        Name.REPRODUCED
    )


def test_every_result_gets_a_verdict_and_no_setting_does():
    names = collections.Counter()
    for paper in NUMBERS:
        values = [paper.value * (1 + shift) for shift in (-1e-4, 0.0, 1e-4)]
        verdict = judged(paper, values, paper.metric not in LOWER_IS_BETTER)
        assert (verdict is None) == is_setting(paper)
        if verdict is not None:
            names[verdict.name] += 1
            assert verdict.reason
            assert (verdict.name is Name.NOT_COMPARABLE) == (paper.table == "5")
    # 234 results, of which 16 are scaling factors and 32 in Table 5.
    assert sum(names.values()) == 218
    assert names[Name.NOT_COMPARABLE] == 32
    assert names[Name.WORSE] == names[Name.BETTER] == 0


def test_directions_cover_the_papers_metrics():
    results = {n.metric for n in NUMBERS if not is_setting(n)}
    assert results >= LOWER_IS_BETTER
    higher = {"test_accuracy", "validity", "uniqueness", "novelty"}
    assert {m for m in results - LOWER_IS_BETTER if not m.startswith("spearman")} == higher
