"""The 66 settings stand side by side with ours, which are read from the code."""

from reports.layouts.our_settings import key_of, our_settings
from reports.layouts.settings import paper_settings, settings_table, value_text


def test_every_setting_stands_once_with_the_papers_value():
    table = settings_table()
    assert len(paper_settings()) == len(table.rows) == 66
    assert len({row.label for row in table.rows}) == 66
    for number, row in zip(paper_settings(), table.rows):
        assert row.entries[0].text == value_text(number)


def test_every_setting_of_ours_stands_beside_one_of_the_papers():
    table = settings_table()
    assert set(our_settings()) <= {key_of(number) for number in paper_settings()}
    assert sum(row.entries[1].text != "–" for row in table.rows) == len(our_settings())


def test_settings_that_follow_the_paper_are_equal_to_its_own():
    shown = {key_of(number): row.entries for number, row in zip(paper_settings(), settings_table().rows)}
    for metric in ("cell_nodes", "cell_edges", "operations", "space_size"):
        paper, ours = shown["space", "nb201", metric, "count"]
        assert paper == ours
    for metric in ("generation_batch", "generation_phases", "objectives", "classes_per_task", "latency_repeats"):
        paper, ours = shown["POMONAG", "all", metric, "count"]
        assert paper == ours
    paper, ours = shown["POMONAG accurate phase", "all", "scaling_factor_accuracy_search", "upper_bound"]
    assert ours.text.startswith(f"{paper.text} (reference)")
    # An honest difference: our split has no validation part.
    assert [entry.text for entry in shown["POMONAG", "all", "split_validation", "share"]] == ["10", "none"]


def test_large_values_are_powers_of_ten():
    texts = {(n.space, n.metric): value_text(n) for n in paper_settings()}
    assert texts["mbv3", "space_size"] == "1 × 10^19"
    assert texts["nb201", "space_size"] == "15,625"
    assert texts["all", "predictor_weight_decay"] == "0.005"
