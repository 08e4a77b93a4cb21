"""How the networks of a meta-dataset are trained, by profile: in seconds on a laptop, or as the paper does."""

from __future__ import annotations

from dataclasses import replace

from pomonag.data.splits import SPLITS
from pomonag.errors import UserError, unknown_name
from pomonag.evaluation.trained import TrainingProtocol
from pomonag.spaces import search_space
from pomonag.training.pipeline import PAPER_PIPELINES
from pomonag.training.recipe import Recipe

PROFILES = ("lite", "paper")

# MobileNetV3 at a quarter of its widths, on images of 24 pixels with less stride, so that the last stage sees 3 x 3 of
# them: the larger kernels would have nothing to look at otherwise. The rows' README has the reasons.
LITE_PROTOCOLS = {
    "nb201": TrainingProtocol(),
    "mbv3": TrainingProtocol(
        space="mbv3",
        recipe=Recipe(epochs=3, batch_size=128, resolution=24, crop_padding=3, precision="fp32"),
        reduced=(("width_scale", 0.25), ("divisor", 4), ("strides", (2, 1, 2, 2, 1, 1))),
        resolution=224,
        latency_warmup=5,
        latency_runs=30,
    ),
}


def training_protocol(profile: str, space: str, *, from_scratch: bool = False) -> TrainingProtocol:
    """The protocol of a profile for a space. Raises UserError for names that are not known."""
    name = search_space(space).name
    if profile == "paper":
        return paper_protocol(name, from_scratch=from_scratch)
    if profile != "lite":
        raise unknown_name("profile", profile, PROFILES)
    return lite_protocol(name)


def lite_protocol(space: str) -> TrainingProtocol:
    """The reduced training behind the rows that ship for a space."""
    if space not in LITE_PROTOCOLS:
        raise unknown_name("space with a reduced training", space, LITE_PROTOCOLS)
    return LITE_PROTOCOLS[space]


def paper_protocol(space: str, *, from_scratch: bool = False) -> TrainingProtocol:
    """The full network, trained by the space's pipeline of Table 8 on 80/10/10 % of a task's images (section 3.2).

    Pipelines that go on from ImageNet's weights need a network that has them, which no space here can build; with
    `from_scratch` they start from He-normal weights instead, under a hash of their own. Costs and latency are those of
    the network that is trained.
    """
    if space not in PAPER_PIPELINES:
        raise unknown_name("space with a pipeline of the paper", space, PAPER_PIPELINES)
    pipeline = PAPER_PIPELINES[space]
    if from_scratch:
        pipeline = replace(pipeline, weights="he_normal")
    elif pipeline.weights == "imagenet":
        raise UserError(
            f"the paper's pipeline for {space} trains a super-network's ImageNet weights on, which do not come with "
            "this package; expected --from-scratch, which starts from He-normal weights and is else the same"
        )
    return TrainingProtocol(
        space=space, pipeline=pipeline, reduced=(), split=SPLITS["paper"], resolution=pipeline.resolution
    )
