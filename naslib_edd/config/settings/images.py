"""Settings of the images: halves, batches, the pass of the discretised network, checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from naslib_edd.config.settings.fields import setting


def measured(
    chosen: Literal["batch", "running", "both", "off"], *, running: bool
) -> list[Literal["batch", "running"]]:
    """The statistics that ``eval_statistics`` asks for.

    By the batch where running ones are asked for and the network keeps none (``running``).
    """
    if chosen == "off":
        return []
    if not running:
        return ["batch"]
    return ["batch", "running"] if chosen == "both" else [chosen]


@dataclass(frozen=True, kw_only=True)
class ImageSettings:
    """Which images go where."""

    split: str | None = setting(None, "how the images are halved; the data set's own by default")
    split_file: str | None = setting(None, "the file that split: nb201 or file reads")
    train_portion: float | None = setting(None, "split: fraction, the train half", above=0)
    limit_train: int | None = setting(None, "use only so many images of the train half", at_least=2)
    limit_val: int | None = setting(None, "use only so many images of the val half", at_least=2)
    augment: bool = setting(True, "augment the train half: flip and crop, see augmentation")
    augment_val: bool = setting(True, "and the val half in the logit step")
    augmentation: Literal["usual", "none", "flip", "crop", "crop_flip"] = setting(
        "usual", "how images are augmented: as is usual for the data set, or in this way"
    )
    pixel_mean: tuple[float, ...] | None = setting(
        None, "mean of the images, 0 to 255, one value or one a channel; the data set's by default"
    )
    pixel_std: tuple[float, ...] | None = setting(
        None, "and their deviation; for dataset: custom both are measured by default"
    )
    val_sampling: Literal["shuffle", "replace"] = setting(
        "replace", "val batches: drawn with replacement (NB201's code), or a shuffled pass"
    )

    # The pass of the discretised network after each epoch
    eval_statistics: Literal["batch", "running", "both", "off"] = setting(
        "both",
        "batch norm of that pass: by the batch, by running statistics, or both recorded; off: no "
        "such pass is made",
    )
    eval_batch_size: int = setting(250, "images a batch of that pass", at_least=2)

    # The run
    checkpoint_seconds: float = setting(
        60.0, "inside an epoch, a checkpoint so often; 0: at each step", at_least=0
    )
