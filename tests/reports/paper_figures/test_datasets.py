from reports.claims.vocabulary import DATASETS_15
from reports.paper_figures.datasets import PAPER_DATASETS


def test_they_are_the_claims_fifteen():
    assert tuple(dataset.id for dataset in PAPER_DATASETS) == DATASETS_15


def test_each_says_where_its_images_come_from():
    for dataset in PAPER_DATASETS:
        assert dataset.id in dataset.remedy
        assert dataset.origin in dataset.remedy
        assert dataset.classes >= 2
