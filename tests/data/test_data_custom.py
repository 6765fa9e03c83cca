"""One's own images: every form gives the same search, and what is wrong is said in one line."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from helpers import power_cut, rows_of, run, tiny_settings, write_table
from rich.console import Console

from naslib_edd.data import SearchData, load
from naslib_edd.data.custom import own_images
from naslib_edd.engine.provenance import depends_on
from naslib_edd.errors import DataMissing, UserError
from naslib_edd.storage.record import without_timings

Array = np.ndarray[Any, Any]
CPU = torch.device("cpu")


def _arrays(
    *, count: int = 60, size: int = 12, channels: int = 1, classes: int = 3
) -> dict[str, Array]:
    """Noise in the order of its classes, as folders give it; a third of it for testing."""
    rng = np.random.default_rng(0)
    arrays: dict[str, Array] = {}
    for which, number in (("train", count), ("test", count // 2)):
        x = rng.integers(0, 256, (number, size, size, channels), dtype=np.uint8)
        arrays[f"x_{which}"] = x[..., 0] if channels == 1 else x
        arrays[f"y_{which}"] = np.arange(number) * classes // number
    return arrays


def _load(given: Any, **options: Any) -> SearchData:
    return load("custom", given=given, **{"seed": 0, "device": CPU, **options})


def digest(data: SearchData) -> str | None:
    """What a resumed run knows its images by."""
    return depends_on(data, None)["images"]


class Pairs:
    """The least that a dataset of PyTorch's kind is."""

    classes = ("round", "square", "wavy")

    def __init__(self, images: Array, labels: Array) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> tuple[Any, int]:
        # As torchvision's ToTensor gives it: floats [C, H, W] from 0 to 1.
        pixels = torch.from_numpy(np.atleast_3d(self.images[number])).permute(2, 0, 1)
        return pixels.float() / 255, int(self.labels[number])


def _write_folder(folder: Path, images: Array, labels: Array) -> None:
    from PIL import Image

    for number, (pixels, label) in enumerate(zip(images, labels, strict=True)):
        place = folder / "abc"[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number:03}.png")
    (folder / "a" / "Thumbs.db").write_bytes(b"no image")


@pytest.mark.parametrize("channels", [1, 3])
def test_every_form_is_the_same_search(tmp_path: Path, channels: int) -> None:
    arrays = _arrays(channels=channels)
    np.savez(tmp_path / "mine.npz", **arrays)
    for which in ("train", "test"):
        _write_folder(tmp_path / "set" / which, arrays[f"x_{which}"], arrays[f"y_{which}"])
    first = {
        name: value[..., None] if name[0] == "x" and channels == 1 else value
        for name, value in arrays.items()
    }
    halves = [Pairs(arrays[f"x_{which}"], arrays[f"y_{which}"]) for which in ("train", "test")]
    forms = (
        tuple(arrays.values()),
        first,
        {k: np.moveaxis(v, 3, 1) if k[0] == "x" else torch.from_numpy(v) for k, v in first.items()},
        str(tmp_path / "mine.npz"),
        tmp_path / "set",
        tuple(halves),
    )
    whole = _load(arrays)
    assert whole.train.images.shape == (30, 3, 12, 12) and whole.train.images.dtype == torch.uint8
    assert whole.test is not None and len(whole.test) == 30 and whole.classes == 3
    if channels == 1:
        assert torch.equal(whole.train.images[:, 0], whole.train.images[:, 2])
    assert {digest(_load(form)) for form in forms} == {digest(whole)}
    assert _load(tmp_path / "set").class_names == ("a", "b", "c")
    assert _load(tuple(halves)).class_names == Pairs.classes
    assert load("Custom", path=str(tmp_path / "mine.npz"), seed=0, device=CPU).source.endswith(
        "npz"
    )


def test_the_digest_tells_images_labels_and_halves_apart() -> None:
    arrays = _arrays()
    seen = {digest(_load(arrays)), digest(_load(arrays, split="shuffled-halves"))}
    for name, place in (("x_train", (3, 2, 1)), ("x_test", (0, 0, 0))):
        other = {key: value.copy() for key, value in arrays.items()}
        other[name][place] += 1
        seen.add(digest(_load(other)))
    other = {key: value.copy() for key, value in arrays.items()}
    other["y_test"][[0, -1]] = other["y_test"][[-1, 0]]
    assert len({*seen, digest(_load(other))}) == 5


def test_mean_and_deviation_are_measured_or_given() -> None:
    arrays = _arrays(channels=3)
    data = _load(arrays)
    pixels = arrays["x_train"].reshape(-1, 3).astype(float)
    assert data.mean == pytest.approx(pixels.mean(0), abs=6e-4)
    assert data.std == pytest.approx(pixels.std(0), abs=6e-4)
    own = _load(arrays, mean=(100.0,), std=(50.0, 51.0, 52.0))
    assert own.mean == (100.0, 100.0, 100.0) and own.std == (50.0, 51.0, 52.0)
    with pytest.raises(UserError, match="multiply fractions by 255"):
        _load(arrays, std=(0.3,))
    with pytest.raises(UserError, match="2 values"):
        _load(arrays, mean=(1.0, 2.0))


def test_halves_have_the_same_part_of_each_class_and_so_has_a_limit() -> None:
    arrays = _arrays(count=61, classes=4)
    data = _load(arrays)
    for part, count in ((data.train, 30), (data.val, 31)):
        assert len(part) == count
        assert all(abs(n - count / 4) <= 1.01 for n in part.labels.bincount().tolist())
    assert _load(arrays, seed=5).train.labels.equal(data.train.labels)
    few = _load(arrays, limit_train=8, limit_val=8)
    assert few.train.labels.bincount().tolist() == [2, 2, 2, 2]
    with pytest.raises(UserError, match="train half has no image of 2 of the 4 classes"):
        _load(arrays, split="halves")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"x_train": np.zeros((60, 12, 12), np.int64)}, "of int64; it needs uint8"),
        ({"x_train": np.full((60, 12, 12), 1.5)}, "values from 1.5 to 1.5; floats"),
        ({"x_train": np.full((60, 12, 12), np.nan)}, "floats must lie between 0 and 1"),
        ({"x_train": np.zeros((60, 12, 12, 2), np.uint8)}, r"shape \[60, 12, 12, 2\]"),
        ({"x_train": np.zeros((60, 144), np.uint8)}, r"shape \[60, 144\]"),
        ({"x_train": np.zeros((60, 14, 14), np.uint8)}, "14x14 pixels.*that 4 divides"),
        ({"x_train": np.zeros((60, 4, 4), np.uint8)}, "from 8 to 64"),
        ({"x_train": np.zeros((60, 68, 68), np.uint8)}, "from 8 to 64"),
        ({"x_train": np.zeros((60, 16, 16), np.uint8)}, "12x12 pixels and x_train of 16x16"),
        ({"x_train": np.zeros((0, 12, 12), np.uint8)}, "holds no images"),
        ({"y_train": np.zeros(59, np.int64)}, "one integer an image"),
        ({"y_train": np.arange(60) / 3}, "of float64"),
        ({"y_train": np.arange(60) % 3 - 1}, "the label -1; labels count from 0"),
        ({"y_train": np.arange(60) % 3 * 2}, r"0 training image\(s\) of class 1 of 5"),
        ({"y_train": np.arange(60) % 3 + 1}, r"0 training image\(s\) of class 0"),
        ({"y_train": np.arange(60)}, r"1 training image\(s\) of class 0 of 60"),
        ({"y_train": np.arange(60) + 900}, "labels up to 959 for 60 training images"),
        ({"y_train": np.zeros(60, int), "y_test": np.zeros(30, int)}, "one class only"),
        ({"y_test": np.full(30, 3)}, "class 3"),
        ({"y_test": None}, "without the other"),
        ({"labels": np.zeros(60)}, "holds x_train, .*labels; it needs"),
    ],
)
def test_what_is_wrong_is_said(change: dict[str, Any], match: str) -> None:
    with pytest.raises(UserError, match=match) as error:
        own_images(_arrays() | change)
    assert "\n" not in str(error.value)


def test_other_forms_are_refused(tmp_path: Path) -> None:
    images, labels = _arrays()["x_train"], _arrays()["y_train"]
    for given, match in (
        (7, "of type int cannot be searched on; give arrays"),
        ((images, labels, images), "of type tuple"),
        ((Pairs(images[:0], labels[:0]), None), "train dataset is empty"),
        ((None, Pairs(images, labels)), "the first of the two datasets is None"),
        (([1, 2, 3], None), "item 0 of the train dataset is no pair"),
    ):
        with pytest.raises(UserError, match=match):
            own_images(given)
    with pytest.raises(DataMissing, match="there are no images at"):
        own_images(tmp_path / "none")
    (tmp_path / "a.zip").write_bytes(b"")
    with pytest.raises(UserError, match=r"neither an \.npz nor a folder"):
        own_images(tmp_path / "a.zip")
    with pytest.raises(UserError, match="needs its images"):
        load("custom", seed=0, device=CPU)


def test_folders_that_are_no_set(tmp_path: Path) -> None:
    from PIL import Image

    with pytest.raises(UserError, match="no folders inside"):
        own_images(tmp_path)
    (tmp_path / "a").mkdir()
    with pytest.raises(UserError, match="hold no images"):
        own_images(tmp_path)
    Image.new("L", (12, 12)).save(tmp_path / "a" / "1.png")
    (tmp_path / "a" / "2.png").write_bytes(b"\x89PNG cut short")
    with pytest.raises(UserError, match=r"cannot read the image .*2\.png"):
        own_images(tmp_path)
    Image.new("L", (16, 12)).save(tmp_path / "a" / "2.png")
    with pytest.raises(UserError, match=r"2\.png is 12x16 pixels and .*1\.png is 12x12"):
        own_images(tmp_path)
    Image.new("I;16", (12, 12)).save(tmp_path / "a" / "2.png")
    with pytest.raises(UserError, match="more than 8 bits"):
        own_images(tmp_path)


def test_one_image_in_colour_makes_all_of_them_colour(tmp_path: Path) -> None:
    from PIL import Image

    for name, mode in (("a", "L"), ("b", "RGBA")):
        (tmp_path / name).mkdir()
        for number in range(2):
            Image.new(mode, (8, 8)).save(tmp_path / name / f"{number}.png")
    own = own_images(tmp_path)
    assert own.raw.train[0].shape == (4, 3, 8, 8) and own.raw.test is None


def _settings(out: Path, **search: Any) -> dict[str, Any]:
    small = {"limit_train": None, "limit_val": None, "epochs": 2, **search}
    return tiny_settings(out, dataset="custom", search=small)


@pytest.mark.search
@pytest.mark.parametrize("shape", [(12, 12), (28, 28), (8, 16)])
def test_a_search_on_them(tmp_path: Path, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (40, *shape), dtype=np.uint8)
    found = run(_settings(tmp_path), data=(x, np.arange(40) % 5, x[:9], np.arange(9) % 5))
    assert found.result["dataset"] == "custom" and found.result["images"] == {
        "train": 20,
        "val": 20,
    }
    assert "net_test_acc_batch" in found.result
    assert found.folder == tmp_path / "nasbench201" / "custom" / "edd_darts" / "0"


@pytest.mark.search
def test_it_resumes_bit_for_bit_and_names_its_classes(tmp_path: Path) -> None:
    arrays = _arrays()
    np.savez(tmp_path / "mine.npz", **arrays)
    halves = tuple(Pairs(arrays[f"x_{w}"], arrays[f"y_{w}"]) for w in ("train", "test"))
    whole = run(_settings(tmp_path / "whole"), data=halves)
    assert whole.result["class_names"] == list(Pairs.classes)
    cut = _settings(tmp_path / "cut", checkpoint_seconds=0.0)
    with power_cut(epoch=1, step=1):
        run(cut, data=halves)
    assert rows_of(run(cut, data=halves, resume=True).folder) == rows_of(whole.folder)
    # From a file the same, whatever the form they came in first.
    again = run({**cut, "out_dir": str(tmp_path / "file"), "data": str(tmp_path / "mine.npz")})
    assert rows_of(again.folder) == rows_of(whole.folder)
    assert without_timings(again.result).keys() | {"class_names"} == (
        without_timings(whole.result).keys()
    )


@pytest.mark.parametrize(
    ("name", "flip", "pad"),
    [("usual", False, 1), ("none", False, 0), ("flip", True, 0), ("crop", False, 1),
     ("crop_flip", True, 1)],
)  # fmt: skip
def test_augmentations_by_name(name: str, flip: bool, pad: int) -> None:
    from naslib_edd.config.loading import load as load_config
    from naslib_edd.engine.build import make_batches

    search = load_config({"dataset": "custom", "search": {"augmentation": name}}).search
    batches = make_batches(search, data=_load(_arrays()), seed=0, half="train")
    assert (batches.flip, batches.pad) == (flip, pad)
    assert batches.augment == (flip or pad > 0)


@pytest.mark.search
def test_no_table_is_said_to_be_of_these_images(tmp_path: Path) -> None:
    table = write_table(tmp_path / "table.npz")
    heard = Console(record=True, width=200, file=io.StringIO())
    settings = _settings(tmp_path / "runs", epochs=1)
    run({**settings, "table": str(table)}, data=_arrays(), console=heard)
    text = heard.export_text()
    assert "table of other images, cifar10 test:" in text and "\n  table, cifar10" not in text
