import re
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from pomonag.data.imagenet32 import ImageNet32
from pomonag.data.pools import CLASSES, absolute, draw_evaluation_classes, open_pool
from pomonag.data.splits import LITE, SPLITS, Counts
from pomonag.data.tasks import load_task, prepare_tasks, task, task_names
from pomonag.errors import UserError
from tests.data.made_up_pools import image_folder, imagenet32, picture, write_batch


@pytest.fixture(scope="module")
def batches(tmp_path_factory):
    return imagenet32(tmp_path_factory.mktemp("pools") / "imagenet32")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    return image_folder(tmp_path_factory.mktemp("pools") / "pictures")


@pytest.fixture(params=["imagenet32", "folder"])
def pool(request):
    fixture = {"imagenet32": "batches", "folder": "pictures"}[request.param]
    return open_pool(f"{request.param}:{request.getfixturevalue(fixture)}")


def identities(images):
    """The made-up images tell who they are by three of their pixels."""
    return {tuple(image[[0, 1, 2, 2], [0, 0, 0, 31], 0].tolist()) for image in images}


def test_training_and_held_out_tasks_share_no_class(pool):
    training, held_out = (
        {c for name in names for c in task(name, pool).classes} for names in (task_names(12, 0), task_names(0, 12))
    )
    assert not training & held_out
    assert held_out == set(pool.evaluation_classes)
    for name in task_names(3, 3):
        drawn = task(name, pool)
        assert len(set(drawn.classes)) == CLASSES
        assert drawn == task(name, pool)
        assert drawn.pool == pool.name


def test_a_quarter_of_many_classes_is_held_out(batches):
    pool = open_pool(f"imagenet32:{batches}")
    assert (len(pool.training_classes), len(pool.evaluation_classes)) == (75, 25)


@pytest.mark.parametrize(("classes", "held"), [(20, 0), (39, 0), (40, 20), (79, 20), (80, 20), (100, 25), (1000, 250)])
def test_how_many_classes_are_held_out(classes, held):
    training, evaluation = draw_evaluation_classes("folder", {c: f"class {c}" for c in range(classes)})
    assert len(evaluation) == held
    assert sorted(training + evaluation) == list(range(classes))


def test_a_new_class_moves_few_others():
    names = {c: f"class {c}" for c in range(100)}
    before = {names[c] for c in draw_evaluation_classes("folder", names)[1]}
    more = dict(enumerate(["another", *names.values()]))
    after = {more[c] for c in draw_evaluation_classes("folder", more)[1]}
    assert len(before - after) <= 1


@pytest.mark.parametrize("split", [LITE, SPLITS["paper"], Counts(6, 2)])
def test_images_carry_their_labels_and_split_by_class(pool, split):
    drawn = task("train-001", pool)
    images = load_task(drawn, split=split, pool=pool)
    for part, count in zip(("train", "validation", "test"), split.counts(pool.size(drawn.classes[0]))):
        pixels, labels = getattr(images, f"{part}_images"), getattr(images, f"{part}_labels")
        assert pixels.shape == (CLASSES * count, 3, 32, 32)
        assert pixels.dtype == torch.uint8
        assert pixels.is_contiguous()
        assert torch.equal(pixels[:, 0, 5, 5].long(), torch.tensor(drawn.classes)[labels])
        assert torch.bincount(labels, minlength=CLASSES).tolist() == [count] * CLASSES


@pytest.mark.parametrize("split", [LITE, SPLITS["paper"]])
def test_an_image_that_tests_one_task_trains_none(pool, split):
    seen = {"train": set(), "validation": set(), "test": set()}
    for name in task_names(6, 3):
        images = load_task(task(name, pool), split=split, pool=pool)
        for part, known in seen.items():
            known |= identities(getattr(images, f"{part}_images"))
    assert not seen["train"] & seen["test"]
    assert not seen["train"] & seen["validation"]
    assert not seen["test"] & seen["validation"]


def test_pickles_and_npz_batches_are_one_pool(batches, tmp_path):
    other = open_pool(f"imagenet32:{imagenet32(tmp_path / 'npz', npz=True)}")
    pool = open_pool(f"imagenet32:{batches}")
    assert other.name == pool.name
    assert re.fullmatch(r"imagenet32-[0-9a-f]{12}", pool.name)
    first, second = (load_task(task("heldout-002", p), pool=p) for p in (pool, other))
    assert torch.equal(first.train_images, second.train_images)


def test_validation_images_join_their_classes(batches, tmp_path):
    folder = shutil.copytree(batches, tmp_path / "more")
    write_batch(folder / "val_data", np.full((100, 3072), 9, np.uint8), list(range(1, 101)))
    more, pool = open_pool(f"imagenet32:{folder}"), open_pool(f"imagenet32:{batches}")
    assert [more.size(c) for c in (1, 100)] == [31, 31]
    assert pool.size(1) == 30
    assert more.name != pool.name
    assert (more.read(7, np.array([30])) == 9).all()


def test_missing_batches_are_named(batches, tmp_path):
    folder = shutil.copytree(batches, tmp_path / "some")
    for number in (3, 7):
        (folder / f"train_data_batch_{number}").unlink()
    with pytest.raises(UserError, match=r"8 of its batches.*missing train_data_batch_3, train_data_batch_7 \(or"):
        open_pool(f"imagenet32:{folder}")
    with pytest.raises(UserError, match=r"none of its batches.*Did you mean .*some"):
        open_pool(f"imagenet32:{tmp_path}")


def test_a_damaged_batch_is_named_with_its_hash(batches, tmp_path):
    folder = shutil.copytree(batches, tmp_path / "cut")
    path = folder / "train_data_batch_10"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"train_data_batch_10 in .* SHA-256 is [0-9a-f]{64}"):
        open_pool(f"imagenet32:{folder}")


def test_too_few_classes_are_refused(tmp_path):
    with pytest.raises(UserError, match="has 19 classes, expected at least 20"):
        ImageNet32(imagenet32(tmp_path / "batches", classes=19))
    with pytest.raises(UserError, match="has 5 classes, expected at least 20"):
        open_pool(f"folder:{image_folder(tmp_path / 'pictures', classes=5)}")


def test_held_out_tasks_need_classes_of_their_own(tmp_path):
    pool = open_pool(f"folder:{image_folder(tmp_path / 'pictures', classes=25, images=3)}")
    assert len(task("train-000", pool).classes) == 20
    with pytest.raises(UserError, match=r"25 classes, too few for the held-out task heldout-000.*--held-out-tasks 0"):
        prepare_tasks(["train-000", "heldout-000"], pool, LITE)


def test_too_few_images_name_the_class(pool, pictures, tmp_path):
    with pytest.raises(UserError, match=r"class '[\w-]+' has \d+ images, expected at least 1,010"):
        prepare_tasks(["train-000"], pool, SPLITS["paper-a3"])
    folder = shutil.copytree(pictures, tmp_path / "scarce")
    scarce = open_pool(f"folder:{folder}")
    last = task("train-000", scarce).classes[3]
    for path in sorted((folder / f"kind-{last:03d}").iterdir())[1:]:
        path.unlink()
    with pytest.raises(UserError, match=f"class 'kind-{last:03d}' has 1 images"):
        prepare_tasks(["train-000"], open_pool(f"folder:{folder}"), LITE)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("imagenet", "Did you mean 'imagenet32'"),
        ("pictures/", "folder:FOLDER"),
        ("folder", "nothing is no folder"),
        ("folder:/no/such/folder", "/no/such/folder is no folder"),
        ("miniimagenet32:/tmp", "--data-dir"),
    ],
)
def test_unusable_sources_say_what_is_expected(source, message):
    with pytest.raises(UserError, match=message):
        open_pool(source)


def test_a_task_of_another_pool_is_refused(pool):
    with pytest.raises(UserError, match="one of the pool miniimagenet32"):
        load_task(task("train-000"), pool=pool)


def test_sources_become_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert absolute("folder:a/b") == f"folder:{tmp_path}/a/b"
    assert absolute("miniimagenet32") == "miniimagenet32"


def test_pictures_of_all_kinds_become_32_by_32(pictures, tmp_path):
    folder = shutil.copytree(pictures, tmp_path / "mixed")
    place = folder / "kind-000"
    for path in place.iterdir():
        path.unlink()
    (place / "a-grey.png").write_bytes(picture(77, mode="L"))
    (place / "b-clear.png").write_bytes(picture((0, 0, 0, 0), mode="RGBA"))
    (place / "c-wide.jpg").write_bytes(picture((9, 99, 199), size=(300, 100), format="JPEG"))
    (place / "d-small.png").write_bytes(picture((1, 2, 3), size=(8, 8)))
    fine = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (32, 32))
    Image.fromarray(np.stack([fine] * 3, -1)).save(place / "e-fine.png")
    pool = open_pool(f"folder:{folder}")
    notices = pool.prepare([0], LITE)
    found = pool.read(0, np.arange(5))
    assert found.shape == (5, 3, 32, 32)
    assert (found[0] == 77).all()
    assert (found[1] == 255).all()
    assert np.abs(found[2].astype(int) - np.array([9, 99, 199])[:, None, None]).max() <= 3
    assert (found[3] == np.array([1, 2, 3])[:, None, None]).all()
    assert set(np.unique(found[4])) <= {127, 128}  # areas are averaged: neither black nor white is left
    text = " ".join(notices)
    for part in ("grey images", "transparent", "central square", "less than 32 pixels enlarged (1 images)"):
        assert part in text


def test_pictures_are_decoded_once(pictures, monkeypatch):
    first = open_pool(f"folder:{pictures}")
    first.prepare([3], LITE)
    monkeypatch.setattr("pomonag.data.folder_pool.decode_picture", lambda *_: pytest.fail("decoded again"))
    assert len(open_pool(f"folder:{pictures}").read(3, np.arange(4))) == 4


def test_a_changed_picture_is_another_pool(pictures, tmp_path):
    folder = shutil.copytree(pictures, tmp_path / "copy")
    assert open_pool(f"folder:{folder}").name == open_pool(f"folder:{pictures}").name
    changed = picture((200, 1, 1), size=(50, 50))
    (folder / "kind-005" / "00.png").write_bytes(changed)
    pool = open_pool(f"folder:{folder}")
    assert pool.name != open_pool(f"folder:{pictures}").name
    assert pool.read(5, np.array([0]))[0, 0, 0, 0] == 200


def test_a_damaged_picture_is_found_before_training(pictures, tmp_path):
    folder = shutil.copytree(pictures, tmp_path / "damaged")
    pool = open_pool(f"folder:{folder}")
    wanted = task("train-000", pool).classes[0]
    path = folder / f"kind-{wanted:03d}" / "04.png"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UserError, match=re.escape(str(path))):
        prepare_tasks(["train-000"], open_pool(f"folder:{folder}"), LITE)


def test_an_unwritable_cache_says_what_to_set(pictures, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("POMONAG_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.raises(UserError, match="POMONAG_CACHE_DIR"):
        open_pool(f"folder:{pictures}").prepare([0], LITE)
    with pytest.raises(UserError, match="POMONAG_CACHE_DIR"):
        open_pool(f"imagenet32:{imagenet32(tmp_path / 'npz', npz=True)}")


def test_preparing_shows_its_progress(pictures):
    seen = []

    def track(steps, description, total):
        seen.append((description, total))
        return steps

    open_pool(f"folder:{pictures}").prepare([1, 2], LITE, track)
    assert seen == [("reading classes", 2)]
