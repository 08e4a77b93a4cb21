import hashlib
import pickle
import urllib.error
import urllib.request

import pytest
import torch
import torchvision

from pomonag.errors import UserError
from pomonag.predictors import image_networks


def offline(*args, **kwargs):
    raise urllib.error.URLError("no route to host")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """PyTorch's cache folder, empty, on a machine without a network."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(urllib.request, "urlopen", offline)
    return tmp_path / "checkpoints"


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16"])
def test_offline_says_what_to_place_where(hub, name):
    with pytest.raises(UserError) as caught:
        image_networks.load(name)
    file_name = image_networks.SETTINGS[name]["weights"]
    assert f"https://download.pytorch.org/models/{file_name} at {hub / file_name}" in str(caught.value)


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16"])
def test_file_names_are_torchvisions(name):
    weights = torchvision.models.get_model_weights(name).IMAGENET1K_V1
    assert weights.url == f"https://download.pytorch.org/models/{image_networks.SETTINGS[name]['weights']}"
    preset = weights.transforms()
    settings = image_networks.SETTINGS[name]
    assert preset.crop_size == [settings["resolution"]]
    assert [round(value / 255, 6) for value in settings["mean"]] == preset.mean
    assert [round(value / 255, 6) for value in settings["deviation"]] == preset.std


def test_weights_that_can_be_fetched_are_checked_and_kept(hub, monkeypatch, tmp_path):
    """A folder stands for the server, and weights of the right shapes for those trained on ImageNet."""
    monkeypatch.undo()
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    original = torchvision.models.resnet18().eval()
    (tmp_path / "server").mkdir()
    file = tmp_path / "server" / "unnamed.pth"
    torch.save(original.state_dict(), file)
    file = file.rename(file.with_name(f"resnet18-{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}.pth"))
    monkeypatch.setattr(image_networks, "_TORCHVISION", file.parent.as_uri())
    monkeypatch.setitem(
        image_networks.SETTINGS, "resnet18", {**image_networks.SETTINGS["resnet18"], "weights": file.name}
    )
    images = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        found = original.fc(image_networks.load("resnet18")(images))
        torch.testing.assert_close(found, original(images), rtol=1e-4, atol=1e-4)
    file.unlink()
    image_networks.load("resnet18")  # from the cache: there is no server any more
    assert [path.name for path in hub.iterdir()] == [file.name]


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16"])
def test_features_are_the_input_of_the_classifier(hub, monkeypatch, name):
    with torch.device("meta"):
        original = torchvision.models.get_model(name)
    classifier = original.fc if name == "resnet18" else original.heads.head
    assert image_networks.SETTINGS[name]["features"] == classifier.in_features
    if name == "vit_b_16":
        monkeypatch.setattr(torchvision.models, name, small_vision_transformer)
    original = getattr(torchvision.models, name)().eval()
    hub.mkdir()
    file = hub / "unnamed.pth"
    torch.save(original.state_dict(), file)
    prefix = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    file = file.rename(hub / f"{name}-{prefix}.pth")
    monkeypatch.setitem(image_networks.SETTINGS, name, {**image_networks.SETTINGS[name], "weights": file.name})
    images = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        features = image_networks.load(name)(images)
        classify = original.fc if name == "resnet18" else original.heads
        torch.testing.assert_close(classify(features), original(images), rtol=1e-4, atol=1e-4)


def small_vision_transformer():
    return torchvision.models.VisionTransformer(
        image_size=224, patch_size=16, num_layers=2, num_heads=2, hidden_dim=48, mlp_dim=64
    )


def test_other_content_under_the_name_is_not_loaded(hub):
    hub.mkdir()
    (hub / image_networks.SETTINGS["resnet18"]["weights"]).write_bytes(b"something else")
    with pytest.raises(UserError, match=r"SHA-256 starts with .* expected f37072fd"):
        image_networks.load("resnet18")


class _Trap:
    def __reduce__(self):
        return pytest.fail, ("unpickled",)


def test_nothing_but_tensors_is_unpickled(hub, monkeypatch):
    hub.mkdir()
    file = hub / "trap.pth"
    torch.save({"conv1.weight": _Trap()}, file)
    prefix = hashlib.sha256(file.read_bytes()).hexdigest()[:8]
    file = file.rename(hub / f"resnet18-{prefix}.pth")
    monkeypatch.setitem(image_networks.SETTINGS, "resnet18", {"weights": file.name})
    with pytest.raises(pickle.UnpicklingError):
        image_networks.load("resnet18")


def test_unknown_network():
    with pytest.raises(UserError, match="Did you mean 'resnet18'"):
        image_networks.load("resnet")
