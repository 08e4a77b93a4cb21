"""`pomonag data list | embed`: what data there is, and the features of images."""

from __future__ import annotations

import os
from pathlib import Path

import click

from pomonag.commands.shared import Command, check_writable, data_dir_option
from pomonag.errors import UserError


@click.group()
def data() -> None:
    """What data there is, and embeddings of images."""


@data.command("list")
@data_dir_option
def list_data() -> None:
    """Say which measured data is there, and where to get the rest."""
    from pomonag.data import sources
    from pomonag.predictors.embeddings import shipped_embeddings

    click.echo(f"Shipped embeddings: {', '.join(shipped_embeddings())}")
    click.echo(f"{sources.VARIABLE}: {os.environ.get(sources.VARIABLE) or 'not set'}")
    for name, what in sources.OUTSIDE_FILES.items():
        try:
            size = sources.data_path(name).stat().st_size
            click.echo(f"  there    {name} ({size / 1e6:.1f} MB)")
        except sources.DataMissing:
            click.echo(f"  missing  {name}: {what}")


@data.command(
    "embed", cls=Command, epilog="Example:\n\n  pomonag data embed --images digits --output digits.safetensors\n"
)
@click.option("--images", required=True, help="Folder with a sub-folder a class, .npz file, or digits.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="File that ends with .safetensors.")
@click.option("--encoder", default="efficientnet_lite0", show_default=True,
              help="efficientnet_lite0 (what `generate` needs), tiny, tiny:FILE with weights of `train encoder`, "
              "resnet18, vit_b_16 or precomputed:FILE.")  # fmt: skip
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Chooses 20 images of each class.")
def embed(images: str, output: Path, encoder: str, seed: int) -> None:
    """Write the features of a set of images, for the encoder precomputed:FILE."""
    from pomonag.data.image_datasets import load_images
    from pomonag.predictors.dataset_encoder import dataset_encoder
    from pomonag.predictors.embeddings import write_embedding

    if output.suffix != ".safetensors":
        raise UserError(f"{output} does not end with .safetensors, the only format written.")
    check_writable(output)
    loaded = load_images(images, seed=seed)
    for notice in loaded.notices:
        click.echo(f"note: {notice}", err=True)
    shape = write_embedding(loaded, dataset_encoder(encoder), output, seed).shape
    click.echo(f"{output}: {shape[0]} classes, {shape[1]} images each, {shape[2]} features")
