"""What a result says of its images is complete and the same from the command line and from Python."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import torch
from click.testing import CliRunner

import pomonag
from pomonag.cli import pomonag as command_line
from pomonag.errors import UserError
from pomonag.predictors.embeddings import embedding_sha256, load_embedding
from pomonag.search import search

SCHEMA = json.loads((Path(__file__).parents[1] / "docs" / "result.schema.json").read_text())
SPACE = pomonag.search_space("nb201")
# The encoder's own features of the digits: no test needs to run the network again.
ENCODER = f"precomputed:{Path(pomonag.__file__).parent}/assets/embeddings/digits_efficientnet_lite0.safetensors"
FEW = {"count": 4, "measure": False}


def described(result):
    document = json.loads(json.dumps(result.to_json()))
    jsonschema.validate(document, SCHEMA)
    return document["images"]


def test_arrays_and_loaded_images_have_the_hash_of_the_same_pixels():
    data = pomonag.load_images("digits")
    loaded = described(pomonag.generate(SPACE, data, encoder=ENCODER, **FEW))
    assert loaded == {
        "source": "digits",
        "classes": 10,
        "sha256": data.sha256,
        "notices": ["grey images repeated over the three colours"],
    }
    arrays = described(pomonag.generate(SPACE, data.images, data.labels, encoder=ENCODER, **FEW))
    assert arrays == {"source": "arrays", "classes": 10, "sha256": data.sha256, "notices": []}
    others = pomonag.load_images("digits", seed=1)
    assert described(pomonag.generate(SPACE, others, encoder=ENCODER, **FEW))["sha256"] != data.sha256


def test_the_command_line_says_what_python_says(tmp_path):
    file, output = tmp_path / "few.npz", tmp_path / "result.json"
    digits = pomonag.load_images("digits")
    np.savez(file, images=digits.images, labels=digits.labels)
    arguments = ["generate", "--images", file, "--count", 4, "--encoder", ENCODER, "--output", output]
    done = CliRunner().invoke(command_line, [str(argument) for argument in arguments], catch_exceptions=False)
    assert done.exit_code == 0
    result = json.loads(output.read_text())
    jsonschema.validate(result, SCHEMA)
    assert result["images"]["source"] == str(file)
    assert result["images"] == described(pomonag.generate(SPACE, pomonag.load_images(file), encoder=ENCODER, **FEW))


def test_a_bare_embedding_is_named_by_its_own_hash():
    embedding = load_embedding("digits")
    found = described(search(SPACE, embedding, factors=None, **FEW))
    assert found == {"source": "embedding", "classes": 10, "sha256": embedding_sha256(embedding)}
    # Shape and every value count; the memory's layout and the precision on the way do not.
    assert embedding_sha256(embedding.transpose(0, 1).contiguous().transpose(0, 1).double()) == found["sha256"]
    assert embedding_sha256(embedding.reshape(20, 10, 1280)) != found["sha256"]
    changed = embedding.clone()
    changed[9, 19, 1279] = torch.nextafter(changed[9, 19, 1279], torch.tensor(9.0))
    assert embedding_sha256(changed) != found["sha256"]


def test_images_without_labels_are_refused():
    with pytest.raises(UserError, match="labels"):
        pomonag.generate(SPACE, pomonag.load_images("digits").images)
