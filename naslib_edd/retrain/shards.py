"""WebDataset shards: tar files of pictures (``jpg``, ``jpeg``, ``png``) and labels (``cls``).

Only these members are read, and decoded here: a shard runs no code. The order of an epoch depends
on the seed, the epoch, the number of workers and of processes.
"""

from __future__ import annotations

import io
import random
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from naslib_edd.data.sampling import stable_seed
from naslib_edd.errors import UserError
from naslib_edd.retrain.images import Images, Pair, Step, bounds, mine, on_device, steps_of
from naslib_edd.retrain.processes import Processes
from naslib_edd.retrain.settings import Settings
from naslib_edd.retrain.transforms import Prepared, decoded

_PICTURES = ("jpg", "jpeg", "png")
#: Samples that wait, of which each next one is drawn.
BUFFER = 2000


class Shards(Images):
    """Images of shards; see :func:`naslib_edd.retrain.opening.open_large`.

    Args:
        settings: the run's; ``classes`` and ``train_images`` are needed.
        folder: where they are.
        parts: the shards of ``train`` and ``val``.
        device: where the images go.
        processes: that share a batch; each reads shards of its own.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        parts: dict[str, list[Path]],
        device: torch.device,
        processes: Processes,
    ) -> None:
        try:
            import webdataset  # noqa: F401
        except ImportError:
            raise UserError(
                "shards need the package webdataset, which is not installed: pip install "
                "'naslib-edd[webdataset]'"
            ) from None
        if settings.classes is None or settings.train_images is None:
            raise UserError(f"{folder} holds shards: set classes=… and train_images=… (an epoch's)")
        each = processes.count * max(settings.workers, 1)
        if len(parts["train"]) < each:
            raise UserError(
                f"{folder} has {len(parts['train'])} training shard(s) for {each} reader(s): set "
                f"workers={len(parts['train']) // processes.count} or less"
            )
        self.settings, self.device, self.processes = settings, device, processes
        self.name, self.source, self.size = settings.dataset, str(folder), settings.image_size
        self.classes, self._shards = settings.classes, parts
        images = min(settings.train_images, settings.limit_train or settings.train_images)
        self.counts = {"train": images}
        self.steps = steps_of(images, settings.batch_size, processes.count * settings.accumulate)
        self.steps = max(images // settings.batch_size, 1) if self.steps > 1 else 1

    def train(self, epoch: int, first: int) -> Iterator[Step]:
        """See :class:`Images`. A resumed epoch reads its first images again."""
        settings = self.settings
        numbers = mine(self.processes, settings.accumulate)
        every = self.processes.count * settings.accumulate
        total = min(settings.batch_size, self.counts["train"])
        parts = [bounds(total, every, number) for number in numbers]
        sizes = [part.stop - part.start for part in parts]
        reader = _Reader(self, epoch=epoch, batch=sum(sizes))
        for step, (x, labels) in enumerate(self._loaded(reader, settings.workers)):
            if step == self.steps:
                return
            if step >= first:
                split = zip(x.split(sizes), labels.split(sizes), strict=True)
                yield Step(parts=list(split), numbers=numbers, total=total)

    def held_out(self, which: str) -> Iterator[Pair]:
        """See :class:`Images`."""
        yield from self._loaded(_Reader(self, epoch=None, batch=self.settings.eval_batch_size), 0)

    def _loaded(self, reader: _Reader, workers: int) -> Iterator[Pair]:
        loader = DataLoader(
            reader,
            batch_size=None,
            num_workers=workers,
            pin_memory=self.device.type == "cuda",
            generator=torch.Generator().manual_seed(0),
        )
        yield from on_device(loader, self.device)

    def paths(self, name: str) -> list[Path]:
        """The shards of this process."""
        return self._shards[name][self.processes.rank :: self.processes.count]


class _Reader(IterableDataset[Pair]):
    """Batches of an epoch without end, or of the validation images once (epoch None)."""

    def __init__(self, shards: Shards, *, epoch: int | None, batch: int) -> None:
        self.epoch, self.batch = epoch, batch
        settings = shards.settings
        self.seed, self.classes = settings.seed, shards.classes
        self.limit = settings.limit_test if epoch is None else None
        self.paths = shards.paths("val" if epoch is None else "train")
        self.prepared = Prepared(settings, train=epoch is not None)

    def __iter__(self) -> Iterator[Pair]:
        worker = get_worker_info()
        number, count = (0, 1) if worker is None else (worker.id, worker.num_workers)
        paths = self.paths[number::count]
        seed = stable_seed(self.seed, "retrain", "shards", self.epoch, [p.name for p in paths])
        chance = random.Random(seed)
        samples = _samples(paths) if self.epoch is None else _shuffled(paths, chance)
        images: list[Tensor] = []
        labels: list[int] = []
        for place, sample in enumerate(samples):
            if place == self.limit:
                break
            images.append(self.prepared(_picture(sample), chance.getrandbits(62)))
            labels.append(_label(sample, self.classes))
            if len(images) == self.batch:
                yield torch.stack(images), torch.tensor(labels)
                images, labels = [], []
        if images:
            yield torch.stack(images), torch.tensor(labels)


def _shuffled(paths: list[Path], chance: random.Random) -> Iterator[dict[str, Any]]:
    waiting: list[dict[str, Any]] = []
    while True:
        read = 0
        for sample in _samples(chance.sample(paths, len(paths))):
            read += 1
            if len(waiting) < BUFFER:
                waiting.append(sample)
                continue
            place = chance.randrange(BUFFER)
            waiting[place], sample = sample, waiting[place]
            yield sample
        if not read:
            raise UserError(f"the shards in {paths[0].parent} are empty")
        if len(waiting) < BUFFER:  # few images: a whole pass at a time
            chance.shuffle(waiting)
            yield from waiting
            waiting = []


def _samples(paths: list[Path]) -> Iterator[dict[str, Any]]:
    import webdataset

    if not paths:
        return
    # Absolute paths: a text with "pipe:" or a scheme would be more than a file.
    names = [str(path.resolve()) for path in paths]
    try:
        yield from webdataset.WebDataset(
            names, shardshuffle=False, nodesplitter=None, workersplitter=None, empty_check=False
        )
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        raise UserError(_unread(error, names)) from None


def _unread(error: Exception, names: list[str]) -> str:
    """What a shard could not be read for; webdataset adds the shard's name to an error's values."""
    told = [getattr(error, "filename", None), *error.args]
    which = next((name for name in names if name in told), str(Path(names[0]).parent))
    first = str(error.args[0]) if error.args else ""
    why = (isinstance(error, OSError) and error.strerror) or first or type(error).__name__
    return f"cannot read {which}: {' '.join(str(why).split())[:200]}"


def _picture(sample: dict[str, Any]) -> Image.Image:
    for kind in _PICTURES:
        if kind in sample:
            return decoded(io.BytesIO(sample[kind]), _name(sample))
    raise UserError(f"sample {_name(sample)} has no picture ({', '.join(_PICTURES)})")


def _label(sample: dict[str, Any], classes: int) -> int:
    text = sample.get("cls", b"").strip()
    if not text.isdigit() or len(text) > 9 or int(text) >= classes:
        raise UserError(
            f"sample {_name(sample)} has the label {text[:20]!r}; it must be 0 to {classes - 1} "
            "(classes)"
        )
    return int(text)


def _name(sample: dict[str, Any]) -> str:
    return f"{sample.get('__key__', '?')} of {Path(str(sample.get('__url__', '?'))).name}"
