"""The batches of a config."""

from __future__ import annotations

from typing import Literal

from naslib_edd.data import Batches, SearchData, resolve
from naslib_edd.settings import SearchSettings
from naslib_edd.settings.bilevel import ONE_LEVEL


def make_batches(
    search: SearchSettings, *, data: SearchData, seed: int, half: Literal["train", "val"]
) -> Batches:
    """The batches of one half, augmented and sampled as the config says.

    Where there is one level only, the logits' batches (``val``) are training images, too.
    """
    info, train = resolve(data.name), half == "train"
    return Batches(
        data.train if train or search.bilevel in ONE_LEVEL else data.val,
        batch_size=search.batch_size,
        seed=seed,
        stream=half,
        augment=search.augment if train else search.augment_val,
        pad=info.pad,
        flip=info.flip,
        drop_last=False,
        mean=data.mean,
        std=data.std,
        replace=not train and search.val_sampling == "replace",
    )
