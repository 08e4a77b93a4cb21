from reports.claims.judging import FAST, counts, judge
from reports.evidence import Evidence, gather
from reports.measurements import SHIPPED, RunKey, Value


def test_every_claim_has_the_papers_verdict_beside_ours():
    judged = judge(Evidence([]))
    assert [j.claim.id for j in judged] == [f"CL-{number:02d}" for number in range(1, 57)]
    assert counts(j.paper for j in judged) == {"HOLDS": 25, "INCONCLUSIVE": 9, "FAILS": 3, "NOT RUN": 19}
    assert counts(j.ours for j in judged) == {"NOT RUN": 56}
    assert not any(j.beside for j in judged)


def test_a_verdict_that_hangs_on_the_reading_of_half_widths_is_marked():
    fragile = {j.claim.id: j for j in judge(Evidence([])) if j.fragile}
    assert set(fragile) == {"CL-02", "CL-35"}
    assert fragile["CL-02"].paper.verdict == "HOLDS"


def test_fast_mode_and_other_metrics_stand_beside(made_up):
    def runs(method, configuration, uniqueness, by_class):
        key = RunKey("4", method, configuration, "nb201", "mean-over-runs")
        return [
            made_up.a_record(
                key, [Value("uniqueness", u, "%", "p"), Value("uniqueness_by_class", c, "%", "p")], seed
            )
            for seed, (u, c) in enumerate(zip(uniqueness, by_class, strict=True))
        ]  # fmt: skip

    evidence = Evidence(
        [
            *runs("pomonag", "reference", [50.0, 51.0, 52.0], [30.0, 31.0, 32.0]),
            *runs("pomonag", "fast", [98.0, 98.5, 99.0], [80.0, 81.0, 82.0]),
            *runs("diffusionnag", "reference", [70.0, 71.0, 72.0], [20.0, 21.0, 22.0]),
        ]
    )
    claim = next(j for j in judge(evidence) if j.claim.id == "CL-02")
    assert claim.ours.verdict == "FAILS"
    beside = {name: result.verdict for name, result in claim.beside.items()}
    assert beside == {
        FAST: "HOLDS",
        "reference mode, by isomorphism class (PI-35)": "HOLDS",
        "fast mode, by isomorphism class (PI-35)": "HOLDS",
    }
    assert "uniqueness_by_class" in claim.beside["fast mode, by isomorphism class (PI-35)"].used[0]


def test_what_ships_is_judged_without_a_claim_that_cannot_be_explained():
    for judged in judge(gather(SHIPPED)):
        assert judged.ours.explanation.endswith(".")
        assert (judged.ours.verdict == "NOT RUN") <= ("Missing: " in judged.ours.explanation)
