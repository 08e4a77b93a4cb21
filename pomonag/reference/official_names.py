"""The published checkpoints' names of tensors and ours, so that those load here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from pomonag.errors import UserError

Renames = Sequence[tuple[str, str]]

ENCODER_RENAMES: Renames = (
    (r"opEmb\.fc", r"embedding.operations"),
    (r"timeEmb1", r"embedding.time.hidden"),
    (r"timeEmb2", r"embedding.time.output"),
    (r"graph_encoder\.encoder_f\.layers\.(\d+)\.self_attn\.norm", r"encoder.layers.\1.attention_norm"),
    (r"graph_encoder\.encoder_f\.layers\.(\d+)\.self_attn\.attn\.linears\.0", r"encoder.layers.\1.attention.query"),
    (r"graph_encoder\.encoder_f\.layers\.(\d+)\.self_attn\.attn\.linears\.1", r"encoder.layers.\1.attention.key"),
    (r"graph_encoder\.encoder_f\.layers\.(\d+)\.self_attn\.attn\.linears\.2", r"encoder.layers.\1.attention.value"),
    (r"graph_encoder\.encoder_f\.layers\.(\d+)\.self_attn\.attn\.linears\.3", r"encoder.layers.\1.attention.output"),
    (r"graph_encoder\.encoder_f\.layers\.(\d+)\.feed_forward\.norm", r"encoder.layers.\1.feed_forward_norm"),
    (r"graph_encoder\.encoder_f\.layers\.(\d+)\.feed_forward\.feed_forward\.w_1", r"encoder.layers.\1.expand"),
    (r"graph_encoder\.encoder_f\.layers\.(\d+)\.feed_forward\.feed_forward\.w_2", r"encoder.layers.\1.contract"),
    (r"graph_encoder\.encoder_f\.norms\.(\d+)", r"encoder.norms.\1"),
    (r"final\.linears\.0", r"head.0"),
    (r"final\.linears\.1", r"head.2"),
    (r"final\.linears\.2", r"head.4"),
)


def renamed(name: str, renames: Renames) -> str:
    """Our name of an official tensor; a name without a rule stays."""
    for official, ours in renames:
        new, count = re.subn(f"^{official}", ours, name)
        if count:
            return new
    return name


def load_official(module: nn.Module, state_dict: Mapping[str, Tensor], renames: Renames) -> None:
    """Copy the tensors of a published checkpoint into `module`.

    A missing, superfluous or misshapen tensor is a `UserError` that names the first of them.
    """
    try:
        module.load_state_dict({renamed(name, renames): value.float() for name, value in state_dict.items()})
    except RuntimeError as error:
        first = str(error).strip().splitlines()[1].strip()
        raise UserError(
            f"the state dict does not fit {type(module).__name__}: {first} "
            "Expected the tensors of the published checkpoint; check that file and search space belong together."
        ) from error
