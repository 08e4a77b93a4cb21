"""The paper's fifteen data sets (App. B): their names, class counts, and where their images come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PaperDataset:
    """A data set of Figures 3 and 4. `origin` says where its training images can be had."""

    id: str
    label: str
    classes: int
    origin: str

    @property
    def remedy(self) -> str:
        """How to make its images available."""
        return (
            f"Save the training images of {self.label} in the data folder (POMONAG_DATA_DIR) as images/{self.id}.npz "
            f"with the arrays images [n, h, w, 3] and labels [n], or as the folder images/{self.id} with a sub-folder "
            f"a class. They come from {self.origin}."
        )


def _torchvision(name: str) -> str:
    return f"torchvision.datasets.{name}(..., download=True)"


def _medmnist(name: str) -> str:
    return f'medmnist.{name}(split="train", download=True)'


# Aircraft by its 100 variants; the paper does not say whether it means them or the 30 manufacturers (PI-40).
PAPER_DATASETS = (
    PaperDataset("cifar10", "CIFAR-10", 10, _torchvision("CIFAR10")),
    PaperDataset("cifar100", "CIFAR-100", 100, _torchvision("CIFAR100")),
    PaperDataset("aircraft", "Aircraft", 100, _torchvision("FGVCAircraft")),
    PaperDataset("pets", "Oxford-IIIT Pets", 37, _torchvision("OxfordIIITPet")),
    PaperDataset("bloodmnist", "BloodMNIST", 8, _medmnist("BloodMNIST")),
    PaperDataset("dermamnist", "DermaMNIST", 7, _medmnist("DermaMNIST")),
    PaperDataset("eurosat", "EuroSAT", 10, _torchvision("EuroSAT")),
    PaperDataset("fashionmnist", "FashionMNIST", 10, _torchvision("FashionMNIST")),
    PaperDataset("octmnist", "OCTMNIST", 4, _medmnist("OCTMNIST")),
    PaperDataset("organamnist", "OrganAMNIST", 11, _medmnist("OrganAMNIST")),
    PaperDataset("organcmnist", "OrganCMNIST", 11, _medmnist("OrganCMNIST")),
    PaperDataset("pathmnist", "PathMNIST", 9, _medmnist("PathMNIST")),
    PaperDataset("stl10", "STL10", 10, _torchvision("STL10")),
    PaperDataset("tinyimagenet", "TinyImageNet", 200, "tiny-imagenet-200.zip of Stanford's CS231n"),
    PaperDataset("tissuemnist", "TissueMNIST", 8, _medmnist("TissueMNIST")),
)
DATASET_LABELS = {dataset.id: dataset.label for dataset in PAPER_DATASETS}
