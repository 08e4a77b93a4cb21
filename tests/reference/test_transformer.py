import pytest
import torch
from torch import nn

from pomonag.reference.spaces import reference_space
from pomonag.reference.transformer import Attention, Elu, Encoder, position_encoding, readers, sinusoid


def test_position_encoding_and_sinusoid_are_the_releases(arrays, relative):
    expected = arrays("nb201_score")
    assert relative(position_encoding(range(8)), expected["pos_encoding"]) < 1e-6
    assert relative(sinusoid(expected["sigma"], 64), expected["time_sinusoid"]) < 1e-6
    assert relative(sinusoid(expected["sigma"], 144), arrays("nb201_predictor")["time_sinusoid144"]) < 1e-6


def test_positions_of_mbv3_start_again_in_every_stage():
    encoding = position_encoding(reference_space("mbv3").positions).reshape(5, 4, 64)
    assert torch.equal(encoding[0], encoding[3])
    assert not torch.equal(encoding[0, 0], encoding[0, 1])


def test_elu_equals_the_frameworks_in_value_and_gradient():
    x = torch.linspace(-20, 5, 1001, dtype=torch.float64)
    ours, theirs = (x.clone().requires_grad_() for _ in range(2))
    Elu()(ours).sum().backward()
    nn.functional.elu(theirs).sum().backward()
    assert torch.allclose(Elu()(x), nn.functional.elu(x), atol=1e-12)
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-12)


def test_a_row_without_ones_attends_uniformly():
    torch.manual_seed(0)
    attention = Attention(heads=8, dropout=0.0)
    nodes = torch.randn(5, 2, 64)
    everything_blocked = readers(torch.zeros(5, 5))
    with torch.no_grad():
        mean = attention.output(attention.value(nodes).mean(dim=0, keepdim=True)).expand(5, -1, -1)
        assert torch.allclose(attention(nodes, everything_blocked), mean, atol=1e-6)


@pytest.mark.parametrize("mask", [
    torch.ones(4, 4).tril(),
    torch.tensor([[0.0, 1, 0, 0], [1, 0, 1, 1], [1, 0, 0, 0], [0, 1, 0, 1]]),
])  # fmt: skip
def test_heads_are_scaled_dot_products(mask):
    torch.manual_seed(0)
    attention = Attention(heads=8, dropout=0.0)
    for layer in (attention.query, attention.key, attention.value):
        layer.reset_parameters()
    nodes = torch.randn(4, 3, 64)
    with torch.no_grad():
        query, key, value = (
            layer(nodes.transpose(0, 1)).unflatten(2, (8, 8)).transpose(1, 2)
            for layer in (attention.query, attention.key, attention.value)
        )
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask == 1)
        expected = attention.output(mixed.transpose(1, 2).flatten(2)).transpose(0, 1)
        assert torch.allclose(attention(nodes, readers(mask)), expected, atol=1e-6)


def test_a_node_reads_its_successors_only():
    torch.manual_seed(0)
    encoder = Encoder(layers=1, heads=8, feed_forward=16, dropout=0.0)
    nodes = torch.randn(1, 3, 64)
    changed = nodes.clone()
    changed[0, 0] *= -1
    chain = torch.tensor([[0.0, 1, 0], [0, 0, 1], [0, 0, 1]])
    with torch.no_grad():
        before, after = encoder(nodes, chain), encoder(changed, chain)
    assert not torch.allclose(before[0, 0], after[0, 0])
    assert torch.allclose(before[0, 1:], after[0, 1:])


def test_repeated_parts_start_as_copies():
    encoder = Encoder(layers=3, heads=8, feed_forward=16, dropout=0.0)
    first, last = encoder.layers[0].attention, encoder.layers[2].attention
    for other in (first.key, first.value, first.output, last.query):
        assert torch.equal(first.query.weight, other.weight)
        assert first.query.weight is not other.weight


def test_on_a_chain_queries_and_keys_get_no_gradient():
    # One successor a row makes the softmax constant: the mbv3 score network's attention cannot learn to choose.
    torch.manual_seed(0)
    encoder = Encoder(layers=2, heads=8, feed_forward=16, dropout=0.0)
    encoder(torch.randn(2, 6, 64), torch.diag(torch.ones(5), 1)).square().sum().backward()
    for layer in encoder.layers:
        assert layer.attention.query.weight.grad.abs().max() == 0
        assert layer.attention.key.weight.grad.abs().max() == 0
        assert layer.attention.value.weight.grad.abs().max() > 0


@pytest.mark.parametrize("batched", [False, True])
def test_masks_may_be_shared_or_one_a_sample(batched):
    torch.manual_seed(0)
    encoder = Encoder(layers=1, heads=8, feed_forward=16, dropout=0.0)
    nodes, mask = torch.randn(3, 4, 64), torch.ones(4, 4).triu(1)
    with torch.no_grad():
        assert torch.equal(encoder(nodes, mask.expand(3, -1, -1) if batched else mask), encoder(nodes, mask))


def test_each_sample_may_have_a_graph_of_its_own():
    torch.manual_seed(0)
    encoder = Encoder(layers=2, heads=8, feed_forward=16, dropout=0.0)
    nodes, masks = torch.randn(2, 4, 64), torch.stack([torch.ones(4, 4).triu(1), torch.eye(4)])
    with torch.no_grad():
        together = encoder(nodes, masks)
        alone = torch.cat([encoder(nodes[i : i + 1], masks[i]) for i in range(2)])
    assert torch.allclose(together, alone, atol=1e-6)
    assert not torch.allclose(together[0], encoder(nodes, masks[1])[0])


def test_in_training_weights_that_are_known_beforehand_are_dropped_too():
    torch.manual_seed(0)
    attention = Attention(heads=8, dropout=0.5)
    nodes, chain = torch.randn(6, 1000, 64), readers(torch.diag(torch.ones(5), 1))
    with torch.no_grad():
        calm = attention.eval()(nodes, chain)
        dropped = torch.stack([attention.train()(nodes, chain) for _ in range(2)])
    assert not torch.equal(dropped[0], dropped[1])
    assert torch.allclose(dropped.mean(dim=(0, 2)), calm.mean(dim=1), atol=0.1)
