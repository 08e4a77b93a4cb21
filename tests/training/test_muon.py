import torch
from torch import nn

from pomonag.training.muon import Muon, is_muon_kernel, orthogonalised


def test_singular_values_come_near_one():
    matrices = torch.randn(5, 16, 144, generator=torch.Generator().manual_seed(0))
    for shape in (matrices, matrices.mT):
        values = torch.linalg.svdvals(orthogonalised(shape, steps=5))
        assert values.min() > 0.5
        assert values.max() < 1.3


def test_orthogonalising_keeps_the_singular_vectors():
    matrix = torch.randn(1, 6, 6, generator=torch.Generator().manual_seed(0)).double()
    left, _, right = torch.linalg.svd(matrix)
    inner = left.mT @ orthogonalised(matrix, 5) @ right.mT
    assert (inner - torch.diag_embed(inner.diagonal(dim1=1, dim2=2))).abs().max() < 1e-6


def test_zero_gradient_is_harmless():
    kernel = nn.Parameter(torch.randn(4, 4, 3, 3))
    kernel.grad = torch.zeros_like(kernel)
    Muon([kernel]).step()
    assert kernel.isfinite().all()


def test_kernels_step_together_as_they_step_alone():
    generator = torch.Generator().manual_seed(0)
    kernels = [nn.Parameter(torch.randn(8, 4, 3, 3, generator=generator)) for _ in range(3)]
    alone = [nn.Parameter(k.detach().clone()) for k in kernels]
    together, singles = Muon(kernels), [Muon([k]) for k in alone]
    for _ in range(3):
        for a, b in zip(kernels, alone):
            a.grad = torch.randn(8, 4, 3, 3, generator=generator)
            b.grad = a.grad.clone()
        together.step()
        for optimizer in singles:
            optimizer.step()
    for a, b in zip(kernels, alone):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


def test_kernels_without_gradient_stay():
    kernels = [nn.Parameter(torch.ones(4, 4, 1, 1)) for _ in range(2)]
    kernels[0].grad = torch.ones_like(kernels[0])
    Muon(kernels).step()
    assert torch.equal(kernels[1], torch.ones(4, 4, 1, 1))
    assert not torch.equal(kernels[0], torch.ones(4, 4, 1, 1))


def test_which_parameters_it_is_for():
    stem, depthwise = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8)
    assert not is_muon_kernel(stem.weight)
    assert not is_muon_kernel(depthwise.weight)
    assert is_muon_kernel(nn.Conv2d(8, 8, 1).weight)
    assert not is_muon_kernel(nn.BatchNorm2d(8).weight)
