"""How ImageNet's pictures are decoded and prepared, by torchvision's transforms (v2).

Source: PC-DARTS and DrNAS, ``train_imagenet.py``: to train, a random crop of any size, flip,
colour jitter (.4, .4, .4, .2); to test, the short side to 256 of 224, the middle; then the
usual constants.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import torch
from PIL import Image
from torch import Tensor

from naslib_edd.errors import UserError
from naslib_edd.retrain.images import number_type
from naslib_edd.retrain.policies import policy_of, vision
from naslib_edd.retrain.settings import Settings

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_JITTER = {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.2}
#: What Pillow raises at a file that is no picture, damaged, or far too large.
_NO_PICTURE = (
    Image.DecompressionBombError,
    EOFError,
    OSError,
    SyntaxError,
    ValueError,
    struct.error,
    zlib.error,
)


def decoded(file: Path | BinaryIO, name: str) -> Image.Image:
    """A picture in RGB, read to its end.

    Args:
        file: it.
        name: for the error.

    Raises:
        UserError: it is no picture, or damaged.
    """
    try:
        with Image.open(file) as picture:
            return picture.convert("RGB")
    except _NO_PICTURE as error:
        raise UserError(f"cannot read the image {name}: {error}") from None


class Prepared:
    """A picture to a tensor [3, size, size].

    Args:
        settings: the run's.
        train: augmented, or as it is.
    """

    def __init__(self, settings: Settings, *, train: bool) -> None:
        v2 = vision("dataset=imagenet").transforms.v2
        size = settings.image_size
        first: list[Any]
        if train and settings.augment:
            policy = policy_of(settings.policy)
            first = [v2.RandomResizedCrop(size, antialias=True), v2.RandomHorizontalFlip()]
            first += [v2.ColorJitter(**_JITTER)] if policy is None else [policy]
        else:
            first = [v2.Resize(round(size * 256 / 224), antialias=True), v2.CenterCrop(size)]
        last = [
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(mean=_MEAN, std=_STD),
            v2.ToDtype(number_type(settings)),
        ]
        self._all = v2.Compose([*first, *last])

    def __call__(self, picture: Image.Image, seed: int) -> Tensor:
        """The tensor of a picture in RGB; what is random in it depends on the seed alone."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return torch.Tensor(self._all(picture))
