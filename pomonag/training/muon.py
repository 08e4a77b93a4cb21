"""Muon (Jordan et al., 2024): momentum with an orthogonal update, for convolution kernels trained in few steps."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

# A quintic whose iteration drives all singular values near 1 quickly rather than exactly (Jordan et al., 2024).
_QUINTIC = (3.4445, -4.7750, 2.0315)


class Muon(torch.optim.Optimizer):
    """Nesterov momentum, orthogonalised; kernels are kept at the norm of a matrix with unit rows.

    For kernels [out, in, k, k] that batch normalisation follows, where the length of a kernel does not matter.
    Kernels of one shape are orthogonalised together. The settings are those of Jordan's CIFAR-10 runs.
    """

    def __init__(self, kernels: Iterable[Tensor], lr: float = 0.05, momentum: float = 0.6, steps: int = 3):
        super().__init__(list(kernels), {"lr": lr, "momentum": momentum, "steps": steps})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One step for every kernel that has a gradient."""
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
            for kernel in group["params"]:
                if kernel.grad is not None:
                    by_shape.setdefault(kernel.shape, []).append((kernel, kernel.grad.flatten(1)))
            for pairs in by_shape.values():
                kernels = [kernel for kernel, _ in pairs]
                gradients = torch.stack([gradient for _, gradient in pairs])
                momenta = torch.stack([self._momentum(kernel) for kernel in kernels])
                momenta.mul_(group["momentum"]).add_(gradients)
                updates = orthogonalised(gradients.add_(momenta, alpha=group["momentum"]), group["steps"])
                for kernel, momentum, update in zip(kernels, momenta, updates):
                    self.state[kernel]["momentum"] = momentum
                    kernel.mul_(len(kernel) ** 0.5 / kernel.norm().clamp_min(1e-12))
                    kernel.sub_(update.view_as(kernel), alpha=group["lr"])

    def _momentum(self, kernel: Tensor) -> Tensor:
        state = self.state[kernel]
        return state["momentum"] if state else torch.zeros_like(kernel).flatten(1)


def orthogonalised(matrices: Tensor, steps: int = 3) -> Tensor:
    """Nearly the nearest semi-orthogonal matrices to [b, rows, columns], by Newton-Schulz iterations."""
    a, b, c = _QUINTIC
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / x.norm(dim=(1, 2), keepdim=True).clamp_min(1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


def is_muon_kernel(parameter: nn.Parameter) -> bool:
    """Whether Muon is for this parameter: a dense convolution kernel that does not read the image itself."""
    return parameter.ndim == 4 and parameter.shape[1] > 3
