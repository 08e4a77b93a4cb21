"""Against the Once-for-All package: its networks, with its weights, compute what ours do."""

from __future__ import annotations

import copy
import hashlib
import importlib
import inspect
import pickle
import re
import urllib.error
import urllib.request
from functools import cache

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from pomonag.errors import UserError
from pomonag.spaces import ofa_weights, search_space
from pomonag.spaces.encoding import generator_of
from pomonag.spaces.mobilenetv3 import DEPTHS, EXPANSIONS, KERNELS, WIDTHS, MobileNetV3Net
from pomonag.spaces.mobilenetv3_supernet import MobileNetV3SuperNetwork
from pomonag.spaces.ofa_weights import load_ofa_weights, super_network_of_ofa

networks = pytest.importorskip("ofa.imagenet_classification.elastic_nn.networks")

SPACE = search_space("mbv3")
# Most at the side that costs least. Numbers are seeds.
CASES = [
    (width, side, seed)
    for width in (1.0, 1.2)
    for seed, side in enumerate([112] * 46 + [160] * 3 + [224])
]  # fmt: skip


WITHIN = 1e-11


@cache
def elastic(width: float) -> nn.Module:
    """The package's super-network, with no weight at a value that would hide a mistake."""
    torch.manual_seed(round(10 * width))
    network = networks.OFAMobileNetV3(
        n_classes=1000,
        dropout_rate=0,
        width_mult=width,
        ks_list=list(KERNELS),
        expand_ratio_list=list(EXPANSIONS),
        depth_list=list(DEPTHS),
    )
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)  # so that something of the image is left after twenty blocks
            if module.bias is not None:
                nn.init.normal_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 1.5)
    for name, parameter in network.named_parameters():
        if name.endswith("matrix"):
            nn.init.normal_(parameter.data, std=len(parameter) ** -0.5)
    return network.eval()


@cache
def ours(width: float) -> MobileNetV3SuperNetwork:
    return super_network_of_ofa(elastic(width).state_dict(), width)


@cache
def in_double_precision(width: float) -> tuple[nn.Module, MobileNetV3SuperNetwork]:
    """Theirs and ours. Networks by chance hardly look at their images: single precision would hide a wrong tensor."""
    return copy.deepcopy(elastic(width)).double(), copy.deepcopy(ours(width)).double()


@pytest.fixture
def double():
    """What the package builds anew is of the default type; what tests share is built before, in single precision."""
    for width in WIDTHS:
        in_double_precision(width)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("width", "side", "seed"), CASES)
def test_networks_cost_and_compute_what_the_package_s_do(double, width, side, seed):
    drawn = SPACE.sample(1, generator_of(seed))[0]
    net = MobileNetV3Net(width, drawn.kernels, drawn.expansions)
    network, super_network = in_double_precision(width)
    network.set_active_subnet(ks=[k or 3 for k in net.kernels], e=[e or 3 for e in net.expansions], d=list(net.depths))
    images = torch.randn(1, 3, side, side, generator=generator_of(seed))
    with torch.inference_mode():
        shared = network(images)
        alone = network.get_active_subnet(preserve_weight=True).eval()
        with FlopCounterMode(display=False) as counter:
            expected = alone(images)
        taken_out = super_network.sub_network(net)
        found = taken_out(images)
        # Relative to the outputs' scale.
        within = {"rtol": 0, "atol": WITHIN * expected.abs().max().item()}
        torch.testing.assert_close(found, expected, **within)
        torch.testing.assert_close(found, shared, **within)
        if seed % 8 == 0:  # the same by the super-network's own tests, and slow
            torch.testing.assert_close(super_network(images, net), shared, **within)
    costs = SPACE.cost([net], classes=1000, resolution=side)
    assert (
        costs.params[0] == sum(p.numel() for p in alone.parameters()) == sum(p.numel() for p in taken_out.parameters())
    )
    assert 2 * costs.macs[0] == counter.get_total_flops()


@pytest.mark.parametrize(
    "name",
    [
        "transforms.0.to_5",
        "transforms.17.to_3",
        "network.features.7.main.1.norm.running_mean",
        "network.features.6.main.2.excite.bias",
        "network.features.15.main.2.squeeze.weight",
        "network.features.18.main.3.norm.running_var",
    ],
)
def test_outputs_tell_when_a_single_tensor_is_not_the_package_s(double, name):
    """A tenth more of it moves them far beyond what the comparison allows."""
    net = SPACE.parse("w1.0|d2,2,2,2,2|k" + ",".join("3" * 10) + "|e" + ",".join("4" * 10))
    network, images = in_double_precision(1.0)[1], torch.randn(1, 3, 112, 112, generator=generator_of(0))
    tensor = network.state_dict()[name]
    with torch.inference_mode():
        expected = network(images, net)
        before = tensor.clone()
        tensor.mul_(1.1)
        changed = network(images, net)
        tensor.copy_(before)
    assert (changed - expected).abs().max() > 1e5 * WITHIN * expected.abs().max()


def released(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """By the names of the released files, of which the package still reads some forms."""
    return {
        re.sub(r"^(blocks\.\d+)\.conv\.", r"\1.mobile_inverted_conv.", name).replace(".bn.bn.", ".bn."): tensor
        for name, tensor in state.items()
    }


def same_weights(one: nn.Module, other: nn.Module) -> bool:
    there = other.state_dict()
    return all(torch.equal(tensor, there[name]) for name, tensor in one.state_dict().items())


def test_names_of_the_released_files_and_lacking_counters_are_understood():
    state = {n: t for n, t in elastic(1.0).state_dict().items() if not n.endswith("num_batches_tracked")}
    names = released(state)
    assert "blocks.1.mobile_inverted_conv.depth_conv.bn.weight" in names
    networks.OFAMobileNetV3(
        n_classes=1000, dropout_rate=0, ks_list=[3, 5, 7], expand_ratio_list=[3, 4, 6], depth_list=[2, 3, 4]
    ).load_state_dict(names)  # the package reads them too
    assert same_weights(super_network_of_ofa(names, 1.0), ours(1.0))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """What the release looks like, with weights by chance."""
    path = tmp_path_factory.mktemp("ofa") / "ofa_mbv3_d234_e346_k357_w1.0"
    torch.save({"state_dict": released(elastic(1.0).state_dict())}, path)
    return path


def test_weights_of_a_file_come_with_its_hash(file):
    network, path, sha256 = load_ofa_weights(1.0, file)
    assert (path, sha256) == (file, hashlib.sha256(file.read_bytes()).hexdigest())
    assert same_weights(network, ours(1.0))
    assert not network.training


def test_weights_of_another_width_are_refused(file):
    with pytest.raises(
        UserError, match=r"another width: .* 16 channels is that of width 1\.0, and width 1\.2 was asked"
    ):
        load_ofa_weights(1.2, file)
    with pytest.raises(UserError, match=r"got width 1\.1"):
        load_ofa_weights(1.1, file)


def test_what_is_missing_unknown_or_of_another_shape_is_named():
    state = dict(elastic(1.0).state_dict())
    del state["blocks.7.conv.depth_conv.conv.5to3_matrix"]
    state["blocks.21.conv.point_linear.bn.bn.bias"] = torch.zeros(1)
    with pytest.raises(UserError) as caught:
        super_network_of_ofa(state, 1.0)
    assert "missing blocks.7.conv.depth_conv.conv.5to3_matrix;" in str(caught.value)
    assert "unknown blocks.21.conv.point_linear.bn.bias" in str(caught.value)
    with pytest.raises(UserError, match=r"missing first_conv.* and .* more; unknown none"):
        super_network_of_ofa({}, 1.0)
    state = dict(elastic(1.0).state_dict())
    state["blocks.1.conv.depth_conv.conv.7to5_matrix"] = torch.eye(24)
    with pytest.raises(UserError, match=r"7to5_matrix has the shape \(24, 24\); expected \(25, 25\)"):
        super_network_of_ofa(state, 1.0)


def test_files_that_are_none_are_refused_and_run_no_code(tmp_path):
    with pytest.raises(UserError, match="no weights at"):
        load_ofa_weights(1.0, tmp_path / "absent")
    bad = tmp_path / "bad"
    bad.write_bytes(b"<html>not found</html>")
    with pytest.raises(UserError, match="read safely"):
        load_ofa_weights(1.0, bad)
    bad.write_bytes(pickle.dumps(print, protocol=2))
    with pytest.raises(UserError, match="read safely"):
        load_ofa_weights(1.0, bad)
    torch.save({"state_dict": [1, 2]}, bad)
    with pytest.raises(UserError, match="holds no state dict"):
        load_ofa_weights(1.0, bad)


def test_offline_says_what_to_place_where(tmp_path, monkeypatch):
    def offline(*args, **kwargs):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", offline)
    with pytest.raises(UserError) as caught:
        load_ofa_weights(1.2)
    name = "ofa_mbv3_d234_e346_k357_w1.2"
    url = f"https://raw.githubusercontent.com/han-cai/files/master/ofa/ofa_nets/{name}"
    assert f"Place {url} at {tmp_path / 'checkpoints' / name}, or give the file" in str(caught.value)


def test_a_download_is_kept_and_must_stay_what_it_was(file, tmp_path, monkeypatch):
    """A folder stands for the server."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(ofa_weights, "_URL", file.parent.as_uri())
    _, path, sha256 = load_ofa_weights(1.0)
    assert path == tmp_path / "checkpoints" / file.name
    monkeypatch.setattr(ofa_weights, "_URL", (tmp_path / "gone").as_uri())
    assert load_ofa_weights(1.0).sha256 == sha256  # from the cache: there is no server any more
    with path.open("ab") as opened:
        opened.write(b"!")
    with pytest.raises(UserError, match="is not what it was"):
        load_ofa_weights(1.0)


def test_the_address_is_the_package_s_own():
    model_zoo = importlib.import_module("ofa.model_zoo")
    assert f'"{ofa_weights._URL}/"' in inspect.getsource(model_zoo.ofa_net)
