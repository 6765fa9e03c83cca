"""The batches of a config."""

from __future__ import annotations

from typing import Literal

from naslib_edd.config.settings import SearchSettings
from naslib_edd.config.settings.bilevel import ONE_LEVEL
from naslib_edd.data import Batches, SearchData


def make_batches(
    search: SearchSettings, *, data: SearchData, seed: int, half: Literal["train", "val"]
) -> Batches:
    """The batches of one half, augmented and sampled as the config says.

    Where there is one level only, the logits' batches (``val``) are training images, too.
    """
    train = half == "train"
    flip, pad = _augmentation(search, data)
    return Batches(
        data.train if train or search.bilevel in ONE_LEVEL else data.val,
        batch_size=search.batch_size,
        seed=seed,
        stream=half,
        augment=(search.augment if train else search.augment_val) and (flip or pad > 0),
        pad=pad,
        flip=flip,
        drop_last=False,
        mean=data.mean,
        std=data.std,
        replace=not train and search.val_sampling == "replace",
    )


def _augmentation(search: SearchSettings, data: SearchData) -> tuple[bool, int]:
    """(whether images are flipped, the padding of their crop; 0: they are not cropped)."""
    chosen = search.augmentation
    if chosen == "usual":
        return data.flip, data.pad
    return chosen in ("flip", "crop_flip"), data.pad if chosen in ("crop", "crop_flip") else 0
