import time

from reports.evidence import Evidence
from reports.measurements import SHIPPED, load_runs
from reports.paper_figures.page import paper_figures


def test_every_panel_is_a_picture_or_in_a_gap():
    figures = paper_figures(Evidence(load_runs(SHIPPED)[0]))
    for figure in figures.fronts:
        ids = [p.id for _, p in figure.pictures] + [key.id for gap in figure.gaps for key in gap.keys]
        assert len(set(ids)) == len(ids) == 45
    shipped, other = figures.fronts
    assert len(shipped.pictures) >= 6
    assert "Eff" in shipped.pictures[0][1].description
    assert not other.pictures
    assert "mbv3" in other.common


def test_ninety_panels_take_seconds_and_megabytes_that_a_page_can_have(made_up):
    from reports.measurements import RunKey
    from reports.paper_figures.datasets import PAPER_DATASETS

    details = load_runs(SHIPPED)[0]
    shipped = next(r for r in details if r.key.table == "fronts" and r.key.method == "pomonag").details
    fronts = {**shipped["fronts"], "macs": shipped["fronts"]["params"]}
    runs = [
        made_up.a_record(
            RunKey("predicted-fronts", "pomonag", "pixel3", "nb201", d.id), [], seed, details={"fronts": fronts}
        )
        for d in PAPER_DATASETS[2:]
        for seed in range(3)
    ]
    started = time.process_time()
    figures = paper_figures(Evidence(runs))
    assert time.process_time() - started < 15  # beside other work; about 4 s alone
    assert len(figures.fronts[0].pictures) == 39
    assert sum(len(p.svg) for _, p in figures.fronts[0].pictures) < 2_500_000
