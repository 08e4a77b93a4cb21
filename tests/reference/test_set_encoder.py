import torch

from pomonag.reference.set_encoder import SetEncoder


def test_codes_do_not_depend_on_order_within_or_among_classes():
    torch.manual_seed(0)
    encoder = SetEncoder(features=16).eval()
    supports = torch.randn(1, 3, 20, 16)
    shuffled = supports[:, [2, 0, 1]][:, :, torch.randperm(20)]
    with torch.no_grad():
        assert torch.allclose(encoder(supports.flatten(1, 2)), encoder(shuffled.flatten(1, 2)), atol=1e-5)


def test_one_data_set_gives_one_row():
    assert SetEncoder(features=16)(torch.randn(1, 40, 16)).shape == (1, 56)
