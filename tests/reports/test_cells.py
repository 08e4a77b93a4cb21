import pytest

from reports.cells import Cell, slug


def test_id_is_a_readable_slug_of_every_field():
    cell = Cell("4", "pomonag", "fast", "nb201", "mean-over-runs", "validity", "mean", "generated")
    assert cell.id == "table4-pomonag-fast-nb201-mean-over-runs-validity-mean-generated"
    assert Cell("fronts", "nsga2", "pixel3", "nb201", "cifar10", "hypervolume_params", "mean", "lookup").id.startswith(
        "fronts-nsga2-pixel3-nb201-cifar10-hypervolume_params"
    )


def test_cells_that_differ_in_one_field_have_different_ids():
    fields = ["4", "pomonag", "fast", "nb201", "cifar10", "validity", "mean", "generated"]
    other = ["2", "diffusionnag", "reference", "mbv3", "cifar100", "novelty", "max", "lookup"]
    ids = {Cell(*fields).id}
    for place, value in enumerate(other):
        ids.add(Cell(*fields[:place], value, *fields[place + 1 :]).id)
    assert len(ids) == 9


def test_an_unknown_evaluation_is_refused():
    with pytest.raises(ValueError, match="evaluation 'guessed'"):
        Cell("4", "pomonag", "fast", "nb201", "cifar10", "validity", "mean", "guessed")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("POMONAG-Acc", "pomonag-acc"), ("ViT-B-16, 10000", "vit-b-16-10000"), (" a  b ", "a-b"), ("all_x", "all_x")],
)
def test_slug(text, expected):
    assert slug(text) == expected
