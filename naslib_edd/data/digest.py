"""A fingerprint of a search's images, by which others under the same name are told apart."""

from __future__ import annotations

import hashlib

from naslib_edd.data.loading import SearchData


def digest(data: SearchData) -> str:
    """32 hexadecimal digits of the images, labels, halves and constants, the same everywhere."""
    total = hashlib.blake2b(digest_size=16)
    total.update(repr((data.name, data.classes, data.mean, data.std)).encode())
    for name, part in (("train", data.train), ("val", data.val), ("test", data.test)):
        if part is None:
            continue
        total.update(repr((name, list(part.images.shape))).encode())
        total.update(part.images.cpu().contiguous().numpy().data)
        total.update(part.labels.cpu().contiguous().numpy().data)
    return total.hexdigest()
