"""Batches that depend on the seed, the stream, the epoch and the step alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from naslib_edd.data import Batches, ImageSet
from naslib_edd.data.sampling import stable_seed
from naslib_edd.errors import UserError


def _set(count: int) -> ImageSet:
    """Images whose label is their number, also written in every pixel."""
    labels = torch.arange(count)
    return ImageSet(labels.byte().view(-1, 1, 1, 1).expand(-1, 3, 8, 8).contiguous(), labels)


def _batches(
    count: int = 20,
    *,
    batch_size: int = 6,
    seed: int = 0,
    stream: str = "train",
    augment: bool = False,
    drop_last: bool = False,
    replace: bool = False,
) -> Batches:
    return Batches(
        _set(count),
        batch_size=batch_size,
        seed=seed,
        stream=stream,
        augment=augment,
        drop_last=drop_last,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
        replace=replace,
    )


def _epoch(batches: Batches, epoch: int, first: int = 0) -> list[int]:
    steps = range(first, first + len(batches))
    return [y for step in steps for y in batches.batch(epoch, step)[1].tolist()]


def test_an_epoch_has_every_image_once() -> None:
    batches = _batches()
    assert len(batches) == 4
    assert [len(batches.batch(0, step)[1]) for step in range(4)] == [6, 6, 6, 2]
    assert sorted(_epoch(batches, 0)) == list(range(20))
    assert _epoch(batches, 0) != list(range(20))
    assert _epoch(batches, 0) != _epoch(batches, 1)
    x, y = batches.batch(0, 1)
    assert x.dtype == torch.float32
    assert x.shape == (6, 3, 8, 8)
    assert torch.equal(x, y.float().view(-1, 1, 1, 1).expand_as(x))  # images go with their labels


def test_drop_last() -> None:
    batches = _batches(drop_last=True)
    assert len(batches) == 3
    seen = _epoch(batches, 0)
    assert len(seen) == len(set(seen)) == 18


@pytest.mark.parametrize("augment", [False, True])
@pytest.mark.parametrize("replace", [False, True])
def test_a_batch_depends_on_epoch_and_step_alone(augment: bool, replace: bool) -> None:
    forward = _batches(augment=augment, replace=replace)
    at = [(epoch, step) for epoch in range(3) for step in range(9)]
    wanted = {key: forward.batch(*key) for key in at}
    resumed = _batches(augment=augment, replace=replace)
    torch.manual_seed(99)  # the global generator plays no part
    for key in reversed(at):
        x, y = resumed.batch(*key)
        assert torch.equal(x, wanted[key][0])
        assert torch.equal(y, wanted[key][1])


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    _batches(augment=True, replace=True).batch(0, 0)
    _batches(augment=True).batch(0, 0)
    assert torch.equal(torch.get_rng_state(), before)


def test_steps_beyond_the_epoch_are_further_passes() -> None:
    batches = _batches()
    passes = [_epoch(batches, 0, first) for first in (0, 4, 8)]
    for numbers in passes:
        assert sorted(numbers) == list(range(20))
    assert passes[0] != passes[1] != passes[2] != passes[0]


def test_augmentation_differs_by_step_and_epoch() -> None:
    image = torch.arange(192).byte().view(1, 3, 8, 8)
    batches = Batches(
        ImageSet(image, torch.zeros(1, dtype=torch.int64)),
        batch_size=1,
        seed=0,
        stream="train",
        augment=True,
        drop_last=False,
        mean=(0.0, 0.0, 0.0),
        std=(1.0, 1.0, 1.0),
    )
    views = {batches.batch(e, s)[0].numpy().tobytes() for e in range(5) for s in range(5)}
    assert len(views) > 18  # of 162 possible


@pytest.mark.parametrize("other", [{"seed": 1}, {"stream": "val"}])
def test_seeds_and_streams_differ(other: dict[str, object]) -> None:
    for replace in (False, True):
        plain = _batches(replace=replace)
        assert _epoch(plain, 0) != _epoch(_batches(replace=replace, **other), 0)  # type: ignore[arg-type]


def test_replace_draws_from_all_images() -> None:
    batches = _batches(replace=True)
    seen = [n for epoch in range(50) for n in _epoch(batches, epoch)]
    counts = np.bincount(seen, minlength=20)
    assert len(seen) == 1000
    assert counts.min() > 20
    assert counts.max() < 85  # 50 expected, deviation 7
    assert any(len(set(_epoch(batches, epoch))) < 20 for epoch in range(3))


def test_stable_seed_is_stable() -> None:
    # Another value would make old checkpoints resume on other images.
    assert stable_seed(0, "train", "order", 1, 2) == 7_945_072_528_722_467_471
    assert stable_seed(1, 23) != stable_seed(12, 3)
    assert all(0 <= stable_seed(i) < 2**63 for i in range(200))


@pytest.mark.parametrize(
    ("count", "batch_size", "drop_last", "match"),
    [
        (0, 4, False, "no images for 'train'"),
        (3, 4, True, "3 images, fewer than one batch of 4"),
        (3, 0, False, "batch size is 0"),
    ],
)
def test_impossible_batches(count: int, batch_size: int, drop_last: bool, match: str) -> None:
    with pytest.raises(UserError, match=match):
        _batches(count, batch_size=batch_size, drop_last=drop_last)


def test_negative_steps() -> None:
    with pytest.raises(ValueError, match="negative"):
        _batches().batch(0, -1)


def test_small_set_without_drop_last() -> None:
    batches = _batches(3)
    assert len(batches) == 1
    assert sorted(_epoch(batches, 0, first=7)) == [0, 1, 2]


@pytest.mark.gpu
@pytest.mark.parametrize("replace", [False, True])
def test_every_device_sees_the_same_batches(replace: bool) -> None:
    here = _batches(augment=True, replace=replace)
    there = _batches(augment=True, replace=replace)
    there.images = ImageSet(here.images.images.cuda(), here.images.labels.cuda())
    for step in range(9):
        (x, y), (x_there, y_there) = here.batch(2, step), there.batch(2, step)
        assert x_there.is_cuda
        assert torch.equal(x_there.cpu(), x)
        assert torch.equal(y_there.cpu(), y)
