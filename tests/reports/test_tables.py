import re

from reports import mobilenetv3_tables, tables
from reports.evidence import Evidence, NotRun, Number
from reports.findings import findings
from reports.measurements import RunKey, Value
from reports.tables import Compared, Plain


def test_every_place_is_filled_when_everything_was_run(made_up):
    evidence = Evidence(made_up.every_run())
    for table in (tables.table_4(evidence), tables.table_2(evidence), tables.hypervolumes(evidence)):
        for row in table.rows:
            assert len(row.entries) == len(table.columns)
            assert all(isinstance(entry, Number | Compared | Plain) for entry in row.entries)


def test_nothing_run_is_not_run_everywhere():
    for table in (tables.table_4(Evidence([])), tables.table_2(Evidence([])), tables.times(Evidence([]))):
        entries = [entry for row in table.rows for entry in row.entries]
        assert all(isinstance(entry, NotRun | Plain) for entry in entries)


def test_the_papers_numbers_stand_beside_the_right_rows(made_up):
    table = tables.table_4(Evidence(made_up.every_run()))
    papers = {row.label: [getattr(e, "paper", None) and e.paper.value for e in row.entries[:3]] for row in table.rows}
    assert papers["POMONAG, reference mode"] == [99.97, 34.14, 37.41]
    assert papers["DiffusionNAG, reference mode"] == [98.97, 5.10, 19.87]
    assert papers["Uniform random"] == [None, None, None]
    row = next(row for row in tables.table_2(Evidence([])).rows if row.label == "POMONAG-Acc")
    assert [entry.paper.value for entry in row.entries] == [95.42, 1, 75.94, 1]


def test_every_run_that_a_table_asks_for_exists_in_a_suite():
    from benchmarks import suites

    known = {run.key: {q.metric for q in run.quantities} for run in suites.all_runs()}
    for line in tables.TABLE_4:
        wanted = set(line.metrics or tables.TABLE_4_METRICS)
        assert wanted <= known[tables.key_of("4", line)]
    for line in tables.TABLE_2:
        for dataset in tables.DATASETS:
            assert {"test_accuracy", "trained_architectures"} <= known[tables.key_of("2", line, dataset)]
    for place in tables.front_places():
        for _, _, method in tables.FRONT_METHODS:
            assert place.metric in known[RunKey("fronts", method, place.device, "nb201", place.dataset)]
    times = known[RunKey("times", "pomonag", "fast-and-reference", "nb201", "cifar10")]
    assert {metric for metric, _ in tables.TIMES} <= times


def test_findings_say_reached_and_missed_from_the_values(made_up):
    key = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")

    def first(validity, uniqueness):
        values = [Value("validity", validity, "%", "p"), Value("uniqueness", uniqueness, "%", "p")]
        return findings(Evidence([made_up.a_record(key, values, seed) for seed in range(3)]))[0]

    assert first(100.0, 98.0).reached is True
    assert first(99.0, 98.0).reached is False
    assert first(100.0, 94.0).reached is False
    assert re.search(r"validity 100\.00 ± 0\.00 %.*99\.97 ± 0\.10 %", first(100.0, 98.0).text)


def test_findings_cover_everything_and_name_what_falls_short(made_up):
    found = findings(Evidence(made_up.every_run()))
    text = " ".join(finding.text for finding in found)
    for part in ("Reference mode", "CIFAR-10, predictors", "CIFAR-100, predictors", "NSGA-II", "times faster"):
        assert part in text
    assert findings(Evidence([])) == []


def test_links_to_the_tables_are_told_apart():
    makers = (
        tables.table_4,
        tables.table_2,
        tables.hypervolumes,
        mobilenetv3_tables.generated_networks,
        mobilenetv3_tables.trained_fronts,
        mobilenetv3_tables.trained_top,
    )
    # What the page's navigation shows of a title.
    links = [make(Evidence([])).title.split(":")[0].split(",")[0] for make in makers]
    assert len(set(links)) == len(links)
