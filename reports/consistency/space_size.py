"""How many architectures the MobileNetV3 space has, from the choices that the paper lists."""

from __future__ import annotations

from reports.consistency.paper import Paper


def stage_settings(paper: Paper, expansions: int | None = None) -> int:
    """Settings of one stage: a kernel and an expansion for each block, summed over the depths."""
    low, high = (
        int(paper.row(table="text", metric="stage_depth", statistic=end).value) for end in ("minimum", "maximum")
    )
    choices = len(paper.said("mbv3_kernels")) * (expansions or len(paper.said("mbv3_expansions")))
    return sum(choices**depth for depth in range(low, high + 1))


def networks(paper: Paper, expansions: int | None = None) -> int:
    """Networks of one width."""
    return stage_settings(paper, expansions) ** int(paper.row(table="text", space="mbv3", metric="stages").value)
