"""Every setting of a retraining run, and reading ``key=value`` texts over a recipe."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from naslib_edd.config.checking import checked
from naslib_edd.config.overrides import hints_of
from naslib_edd.config.settings.fields import setting
from naslib_edd.data.names import canonical
from naslib_edd.errors import UserError, nearest
from naslib_edd.storage.literal import shortened, value
from naslib_edd.storage.yaml_text import NotYaml, parse

#: The name of ``dataset`` for large images, from a folder or from shards.
IMAGENET = "imagenet"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a network is trained. A recipe gives most of them (:mod:`naslib_edd.retrain.recipes`)."""

    dataset: str = setting(
        "cifar10",
        "cifar10, cifar100, svhn, ImageNet16-120, digits, custom, or imagenet: a folder of class "
        "folders, or WebDataset shards",
    )
    seed: int = setting(0, "of the weights, the batches and drop path", at_least=0)
    device: str = setting("auto", "auto, cpu, cuda or cuda:N")
    threads: int | None = setting(None, "of PyTorch on a CPU; null: its own choice", at_least=1)
    channels: int = setting(16, "C of the first cells", at_least=1)
    cells: int = setting(
        5, "cells: a stage on NAS-Bench-201, in all on the DARTS space", at_least=1
    )
    stem: Literal["cifar", "imagenet"] = setting("cifar", "of the DARTS space's network")
    auxiliary: float = setting(
        0.0, "weight of the auxiliary head's loss; 0: no such head", at_least=0
    )
    drop_path: float = setting(
        0.0, "probability at the last epoch; it grows linearly from 0", at_least=0, at_most=0.99
    )
    classes: int | None = setting(
        None, "how many; null: as the data have. Shards need it", at_least=2
    )
    epochs: int = setting(200, "passes over the training images", at_least=1)
    batch_size: int = setting(256, "images a step, of all processes together", at_least=1)
    accumulate: int = setting(
        1,
        "parts that each process computes its share of a batch in, one after the other",
        at_least=1,
    )
    learning_rate: float = setting(0.1, "at its highest", above=0)
    learning_rate_min: float = setting(0.0, "at the end of the cosine", at_least=0)
    schedule: Literal["cosine", "linear", "exponential"] = setting(
        "cosine", "of the learning rate, a value an epoch"
    )
    warmup_epochs: int = setting(0, "epochs in which the rate grows linearly first", at_least=0)
    decay: float = setting(0.97, "factor an epoch of the exponential schedule", above=0, at_most=1)
    momentum: float = setting(0.9, "of SGD", at_least=0, at_most=0.9999)
    nesterov: bool = setting(False, "Nesterov's form of the momentum")
    weight_decay: float = setting(5e-4, "of all weights", at_least=0)
    clip_norm: float = setting(0.0, "largest norm of a step's gradient; 0: as it is", at_least=0)
    label_smoothing: float = setting(0.0, "of the training loss", at_least=0, at_most=0.99)
    augment: bool = setting(True, "the data set's usual random crop, and flip where it has one")
    cutout: int = setting(0, "side of a square of zeros, in pixels; 0: none", at_least=0)
    policy: Literal["none", "trivial", "rand", "auto"] = setting(
        "none", "further augmentation: torchvision's TrivialAugmentWide, RandAugment, AutoAugment"
    )
    split: str = setting(
        "all",
        "all: train on every training image; else a split of the data set, e.g. nb201: "
        "train on its first half and validate on its second",
    )
    split_file: str | None = setting(None, "of the splits nb201 and file")
    limit_train: int | None = setting(None, "only the first so many training images", at_least=1)
    limit_test: int | None = setting(None, "only the first so many test images", at_least=1)
    download: bool = setting(False, "fetch a known set through torchvision where it is missing")
    evaluate_every: int = setting(1, "epochs from one evaluation to the next", at_least=1)
    eval_batch_size: int = setting(512, "images a step of an evaluation", at_least=1)
    image_size: int = setting(224, "side of imagenet's images, in pixels", at_least=8)
    train_images: int | None = setting(
        None, "of an epoch of shards: how many they hold", at_least=1
    )
    workers: int = setting(4, "processes that read imagenet's images, a process", at_least=0)
    precision: Literal["fp32", "bf16", "fp16", "fp64"] = setting(
        "fp32", "of activations; weights are fp32 (fp64: all of both)"
    )
    channels_last: bool = setting(
        False, "memory format: the faster one with half precision on GPUs"
    )
    compile: bool = setting(False, "torch.compile of the network")
    ema: float = setting(
        0.0,
        "decay a step of an average of the weights, tested at the end; 0: none",
        at_least=0,
        at_most=0.999999,
    )
    checkpoint_seconds: float = setting(
        600.0, "between two checkpoints inside an epoch", at_least=0
    )
    export: Literal["none", "torchscript", "onnx", "program"] = setting(
        "none", "also write the network whole: model.ts, model.onnx, model.pt2"
    )


#: Settings that say where and with what a run runs, not which run it is.
FREE = ("device", "threads", "workers", "checkpoint_seconds", "export", "download", "split_file")


def names() -> list[str]:
    """The settings' names."""
    return [item.name for item in dataclasses.fields(Settings)]


def make(recipe: Mapping[str, Any], overrides: Sequence[str], *, where: str) -> Settings:
    """A recipe with ``key=value`` texts over it, checked.

    Raises:
        UserError: an unknown key, a value of another type or out of its range, or two settings
            that do not go together.
    """
    values = dict(recipe)
    typed = [_typed(values, text) for text in overrides]
    settings = Settings(**checked(Settings, values, where, prefix="", typed=typed))
    name = settings.dataset.strip()
    if name.lower() == IMAGENET:
        settings = dataclasses.replace(settings, dataset=IMAGENET)
    else:
        settings = dataclasses.replace(settings, dataset=canonical(name))
    _check(settings)
    return settings


def as_dict(settings: Settings) -> dict[str, Any]:
    """The settings as plain values."""
    return dataclasses.asdict(settings)


def _typed(values: dict[str, Any], text: str) -> str:
    key, equals, raw = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise UserError(f"cannot read {value(text)}; an override is key=value: epochs=3")
    if key not in names():
        raise UserError(f"unknown setting '{shortened(key, 80)}'{nearest(key, names())}")
    hint = hints_of(Settings)[key]
    if hint is str:
        values[key] = raw
    elif set(get_args(hint)) == {str, type(None)}:
        values[key] = None if raw in ("", "null") else raw
    else:
        try:
            values[key] = parse(raw)
        except NotYaml as error:
            raise UserError(f"cannot read the value of {key}, {value(raw)}: {error}") from None
    return key


def _check(settings: Settings) -> None:
    if settings.warmup_epochs >= settings.epochs and settings.warmup_epochs:
        raise UserError(
            f"warmup_epochs = {settings.warmup_epochs} must be less than epochs = {settings.epochs}"
        )
    if settings.nesterov and not settings.momentum:
        raise UserError("nesterov needs a momentum above 0")
    if settings.learning_rate_min > settings.learning_rate:
        raise UserError("learning_rate_min must be at most learning_rate")
    if settings.dataset == IMAGENET and settings.cutout:
        raise UserError("cutout is of images in memory; imagenet has no such setting: cutout=0")
