"""Against the figures of the Once-for-All package and PyTorch's own counter; rules and strings by properties."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from pomonag.errors import UserError
from pomonag.spaces import search_space
from pomonag.spaces.encoding import Invalid, generator_of
from pomonag.spaces.mobilenetv3 import (
    DEPTHS,
    EXPANSIONS,
    KERNELS,
    SLOTS,
    STAGE_SLOTS,
    MobileNetV3Net,
    MobileNetV3Skeleton,
    networks_of,
    slot_settings,
    width_indices,
)
from pomonag.spaces.search_space import BlockSpace

SPACE = search_space("mbv3")
LITE = {"width_scale": 0.25, "divisor": 4, "strides": (2, 1, 2, 2, 1, 2), "resolution": 32}


def extreme(width: float, depth: int, kernel: int, expansion: int) -> MobileNetV3Net:
    slots = [place < depth for _ in range(5) for place in range(STAGE_SLOTS)]
    return MobileNetV3Net(width, tuple(kernel * s for s in slots), tuple(expansion * s for s in slots))


@st.composite
def networks(draw) -> MobileNetV3Net:
    depths = draw(st.lists(st.sampled_from((2, 3, 4)), min_size=5, max_size=5))
    slots = [place < depth for depth in depths for place in range(STAGE_SLOTS)]
    kernels = [draw(st.sampled_from((3, 5, 7))) * slot for slot in slots]
    expansions = [draw(st.sampled_from((3, 4, 6))) * slot for slot in slots]
    return MobileNetV3Net(draw(st.sampled_from((1.0, 1.2))), tuple(kernels), tuple(expansions))


def test_the_space_has_as_many_networks_as_its_stages_allow():
    assert SPACE.size == 2 * 7371**5 == 43517310985144971702


@pytest.mark.parametrize(
    ("width", "classes", "least", "most"),
    [
        (1.0, 10, 2142602, 6396570),
        (1.0, 20, 2155412, 6409380),
        (1.0, 1000, 3410792, 7664760),
        (1.2, 10, 3080826, 9180002),
        (1.2, 100, 3219156, 9318332),
        (1.2, 1000, 4602456, 10701632),
    ],
)
def test_params_of_the_extremes(width, classes, least, most):
    ends = [extreme(width, 2, 3, 3), extreme(width, 4, 7, 6)]
    assert SPACE.cost(ends, classes=classes).params.tolist() == [least, most]


@pytest.mark.parametrize(
    ("width", "resolution", "least", "most"),
    [
        (1.0, 224, 120.011, 564.903),
        (1.0, 160, 61.973, 290.051),
        (1.0, 112, 32.522, 149.123),
        (1.0, 32, 3.935, 15.198),
        (1.2, 192, 141.314, 619.748),
        (1.2, 128, 64.016, 278.467),
    ],
)
def test_macs_of_the_extremes(width, resolution, least, most):
    ends = [extreme(width, 2, 3, 3), extreme(width, 4, 7, 6)]
    macs = SPACE.cost(ends, classes=10, resolution=resolution).macs / 1e6
    assert macs.round(3).tolist() == [least, most]
    more = SPACE.cost(ends, classes=1000, resolution=resolution).macs / 1e6 - macs
    assert more == pytest.approx({1.0: 1.2672, 1.2: 1.52064}[width])


@pytest.mark.parametrize("settings", [LITE, {"resolution": 64}, {"width_scale": 0.35, "resolution": 48}])
def test_reduced_networks_cost_what_the_table_says(settings):
    for net in SPACE.sample(3, generator_of(1)):
        network = SPACE.build(net, classes=5, **settings).eval()
        cost = SPACE.cost([net], classes=5, **settings)
        side = settings["resolution"]
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(torch.zeros(1, 3, side, side))
        assert cost.params[0] == sum(p.numel() for p in network.parameters())
        assert 2 * cost.macs[0] == counter.get_total_flops()


@pytest.mark.parametrize("width", [1.0, 1.2])
def test_counts_are_those_of_the_once_for_all_package(width):
    networks = pytest.importorskip("ofa.imagenet_classification.elastic_nn.networks")
    elastic = networks.OFAMobileNetV3(
        n_classes=20,
        dropout_rate=0,
        width_mult=width,
        ks_list=list(KERNELS),
        expand_ratio_list=list(EXPANSIONS),
        depth_list=list(DEPTHS),
    )
    drawn = [MobileNetV3Net(width, n.kernels, n.expansions) for n in SPACE.sample(2, generator_of(4))]
    for net in (extreme(width, 2, 3, 3), extreme(width, 4, 7, 6), *drawn):
        elastic.set_active_subnet(
            ks=[k or 3 for k in net.kernels], e=[e or 3 for e in net.expansions], d=list(net.depths)
        )
        network = elastic.get_active_subnet(preserve_weight=False).eval()
        # An odd side: what a stride makes of it is rounded up.
        with FlopCounterMode(display=False) as counter, torch.inference_mode():
            network(torch.zeros(1, 3, 45, 45))
        counted = SPACE.cost([net], classes=20, resolution=45)
        assert counted.params[0] == sum(p.numel() for p in network.parameters())
        assert 2 * counted.macs[0] == counter.get_total_flops()


def test_the_two_widths_differ_at_lite_size():
    net = SPACE.sample(1, generator_of(2))[0]
    both = [MobileNetV3Net(width, net.kernels, net.expansions) for width in (1.0, 1.2)]
    narrow, wide = SPACE.cost(both, classes=20, **LITE).macs
    assert wide > 1.15 * narrow


@given(networks())
@settings(max_examples=50, deadline=None)
def test_both_strings_name_the_network(net):
    assert SPACE.parse(str(net)) == net
    assert SPACE.parse(f"w{net.width}_{net.slot_string()}") == net
    assert SPACE.parse(net.slot_string()).kernels == net.kernels


@given(st.lists(networks(), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_encodings_agree_up_to_the_order_of_columns_and_the_width(nets):
    ours = SPACE.encodings["pomonag"].encode(nets)
    theirs = SPACE.encodings["diffusionnag"].encode(nets)
    for i, net in enumerate(nets):
        assert ours[i, 0].unique().tolist() == [float(net.width == 1.2)]
        for slot in range(SLOTS):
            if net.kernels[slot]:
                k, e = (3, 5, 7).index(net.kernels[slot]), (3, 4, 6).index(net.expansions[slot])
                assert ours[i, 1 + slot].nonzero().tolist() == [[3 * e + k]]
                assert theirs[i, slot].nonzero().tolist() == [[3 * k + e]]
            else:
                assert not ours[i, 1 + slot].any()
                assert not theirs[i, slot].any()
    assert SPACE.encoding.decode(ours) == nets


def test_the_first_broken_rule_is_named_in_the_release_s_order():
    good = SPACE.encoding.encode([extreme(1.0, 4, 3, 3)])[0]

    def broken(change) -> object:
        x = good.clone()
        change(x)
        return SPACE.encoding.decode(x[None])[0]

    def two(x):
        x[7, 1] = 1.0

    def shallow(x):
        x[6] = 0.0

    def gap(x):
        x[3] = 0.0

    assert broken(two) == Invalid(7, "multiple_operations")
    assert broken(shallow) == Invalid(6, "mandatory_block_missing")
    assert broken(gap) == Invalid(3, "gap_in_stage")
    assert broken(lambda x: (two(x), shallow(x))) == Invalid(7, "multiple_operations")
    assert broken(lambda x: (shallow(x), gap(x))) == Invalid(6, "mandatory_block_missing")
    slots = SPACE.encodings["diffusionnag"]
    x = slots.encode([extreme(1.0, 4, 3, 3)])
    x[0, 2] = 0.0
    assert slots.decode(x) == [Invalid(2, "gap_in_stage")]


def test_a_mixed_width_row_is_read_by_its_mean_or_refused():
    x = SPACE.encoding.encode([extreme(1.0, 2, 5, 4)])
    x[0, 0, :5] = 1.0
    assert SPACE.encoding.decode(x)[0].width == 1.2
    x[0, 0, 0] = 0.2
    assert SPACE.encoding.decode(x)[0].width == 1.0
    strict = SPACE.encodings["pomonag_strict"]
    assert strict.decode(x) == [Invalid(0, "width_row_mixed")]
    x[0, 0] = 0.9
    assert strict.decode(x)[0].width == 1.2


@given(st.integers(0, 2**31))
@settings(max_examples=20, deadline=None)
def test_arg_max_reads_any_matrix(seed):
    x = torch.rand(5, 21, 9, generator=generator_of(seed))
    for decoded in SPACE.encoding.decode(x, rule="arg_max"):
        assert SPACE.parse(str(decoded)) == decoded


def test_unknown_rules_and_other_shapes_are_refused():
    with pytest.raises(UserError, match="decoding rule"):
        SPACE.encoding.decode(torch.zeros(1, 21, 9), rule="sample")
    with pytest.raises(UserError, match=r"\[b, 21, 9\]"):
        SPACE.encoding.decode(torch.zeros(1, 20, 9))


def test_sampling_is_uniform_in_values_and_otherwise_where_it_says_so():
    by_value = np.array([n.depths for n in SPACE.sample(2000, generator_of(0))])
    by_network = np.array([n.depths for n in SPACE.sample_uniformly(2000, generator_of(0))])
    assert (by_value == 2).mean() == pytest.approx(1 / 3, abs=0.02)
    assert (by_network == 4).mean() == pytest.approx(6561 / 7371, abs=0.02)
    spread = SPACE.cost(SPACE.sample_classes(2000, generator_of(0))).macs
    narrow = SPACE.cost(SPACE.sample(2000, generator_of(0))).macs
    assert spread.std() / spread.mean() > 1.5 * narrow.std() / narrow.mean()
    one_width = [MobileNetV3Net(1.0, n.kernels, n.expansions) for n in SPACE.sample(2000, generator_of(0))]
    macs = SPACE.cost(one_width).macs
    assert macs.std() / macs.mean() == pytest.approx(0.15, abs=0.01)
    assert {n.width for n in SPACE.sample(50, generator_of(1))} == {1.0, 1.2}


def test_every_decision_is_mutated_alone():
    generator = generator_of(3)
    changed = set()
    net = extreme(1.0, 3, 5, 4)
    for _ in range(300):
        mutant = SPACE.mutate(net, generator)
        parts = {
            "width": mutant.width != net.width,
            "depths": mutant.depths != net.depths,
            "kernels": mutant.depths == net.depths and mutant.kernels != net.kernels,
            "expansions": mutant.depths == net.depths and mutant.expansions != net.expansions,
        }
        assert sum(parts.values()) == 1
        changed |= {name for name, yes in parts.items() if yes}
    assert changed == {"width", "depths", "kernels", "expansions"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("w1.1|d2,2,2,2,2|k3|e3", "no MobileNetV3 network"),
        ("w1.0|d2,2,2,2|k3,3|e3,3", "expected 5 of"),
        ("w1.0|d2,2,2,2,5|k3,3|e3,3", "expected 5 of"),
        ("w1.0|d2,2,2,2,2|k3,3|e3,3", "depths ask for 10"),
        ("w1.0|d2,2,2,2,2|k3,3,,3|e3,3", "empty number"),
        ("w1.0|d2,2,2,2,2|k3,3,3,3,3,3,3,3,3,4|e3,3,3,3,3,3,3,3,3,3", "kernel 4"),
        ("2-3-3_2-3-3", "expected 20"),
        ("w1.3_" + "_".join(["4-3-3"] * 20), "expected w1.0 or w1.2"),
        ("_".join(["4-3-3"] * 19 + ["x"]), "slot 20"),
        ("_".join(["4-3-3"] * 18 + ["0-0-0", "4-3-3"]), "without block 3"),
        ("_".join(["4-3-3"] * 19 + ["0-0-0"]), "its stage has 3 blocks"),
    ],
)
def test_malformed_strings_say_what_is_wrong(text, says):
    with pytest.raises(UserError, match=says):
        SPACE.parse(text)


@pytest.mark.parametrize("settings", [{"width_scale": 0.0}, {"strides": (2, 2)}, {"strides": (2, 3, 1, 1, 1, 1)}])
def test_impossible_skeletons_are_refused(settings):
    with pytest.raises(UserError):
        MobileNetV3Skeleton(**settings)


def test_features_tell_networks_apart():
    nets = SPACE.sample(200, generator_of(5))
    features = SPACE.features(nets)
    assert features.shape == (200, 170)
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    assert len(np.unique(features, axis=0)) == len(set(nets))


@given(st.lists(networks(), max_size=4))
@settings(max_examples=50, deadline=None)
def test_networks_from_arrays_equal_those_of_the_constructor(nets):
    again = networks_of(width_indices(nets).tolist(), *slot_settings(nets))
    assert again == nets
    assert [(hash(net), str(net), net.depths) for net in again] == [(hash(net), str(net), net.depths) for net in nets]
    assert all(type(value) is int for net in again for value in (*net.kernels, *net.expansions))


@pytest.mark.parametrize(
    ("slot", "kernel", "expansion", "says"),
    [
        (1, -1, -1, "got no block 2 in stage 1"),
        (6, -1, -1, "got block 4 of stage 2 without block 3"),
        (19, 0, -1, "got kernel 3 and expansion 0 in block 4 of stage 5"),
        (0, -1, 2, "got kernel 0 and expansion 6 in block 1 of stage 1"),
    ],
)
def test_arrays_that_are_no_network_are_refused_as_the_constructor_does(slot, kernel, expansion, says):
    nets = [extreme(1.0, 4, 3, 3), extreme(1.2, 4, 7, 6)]
    kernels, expansions = slot_settings(nets)
    kernels[1, slot], expansions[1, slot] = kernel, expansion
    with pytest.raises(UserError, match=says):
        networks_of([0, 1], kernels, expansions)


def test_blocks_are_what_latency_tables_ask_for():
    blocks = SPACE.blocks([extreme(1.2, 2, 3, 4), extreme(1.0, 4, 7, 6)])
    assert blocks.kernels.shape == blocks.expansions.shape == (2, SLOTS)
    assert blocks.depths.tolist() == [[2] * 5, [4] * 5]
    assert blocks.widths.tolist() == [1.2, 1.0]
    assert isinstance(SPACE, BlockSpace)
