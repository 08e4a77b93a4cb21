"""Phases know of the earlier ones; candidates keep what was decoded, in order."""

from __future__ import annotations

import torch

from pomonag.candidates import Candidates, generate_phases
from pomonag.spaces import search_space
from pomonag.spaces.encoding import Invalid

SPACE = search_space("nb201")


def test_later_phases_know_of_all_earlier_ones():
    asked = []

    class Numbered:
        """Each batch is filled with its phase's number."""

        def batch(self, phase, factors, n, earlier=None):
            asked.append((phase, factors, n, None if earlier is None else earlier[:, 0, 0].tolist()))
            return torch.full((n, 1, 1), float(phase))

    made = list(generate_phases(Numbered(), {"1": None, "2": None, "3": None}, {"1": 2, "2": 1, "3": 1}))
    assert asked == [("1", None, 2, None), ("2", None, 1, [1, 1]), ("3", None, 1, [1, 1, 2])]
    assert [(phase, len(x)) for phase, x in made] == [("1", 2), ("2", 1), ("3", 1)]


def test_candidates_keep_the_phase_that_made_an_architecture_first():
    a, b = SPACE.sample(2, torch.Generator().manual_seed(0))
    bad, other = Invalid(3, "row_not_one_hot"), Invalid(0, "input_output_missing")
    candidates = Candidates(SPACE)
    candidates.add("efficient", [a, bad, a])
    candidates.add("accurate", [b, a, bad, other])
    assert candidates.distinct() == {a: "efficient", b: "accurate"}
    assert candidates.invalid() == {"row_not_one_hot": 2, "input_output_missing": 1}
    assert [phase for phase, _ in candidates.decoded] == ["efficient"] * 3 + ["accurate"] * 4
