"""The settings of a search, each documented where it stands. :mod:`naslib_edd.config` reads them.

The keys are NASLib's where NASLib has one (``search.learning_rate`` …). A setting whose default
depends on the method gets it from :mod:`naslib_edd.presets`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal


def setting(
    default: Any,
    doc: str,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
) -> Any:
    """A field with its documentation and the range that :mod:`naslib_edd.config` checks."""
    limits = {"at_least": at_least, "above": above, "at_most": at_most}
    metadata = {"doc": doc, **{key: value for key, value in limits.items() if value is not None}}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class SearchSettings:
    """The section ``search:`` of a config."""

    # The supernet
    supernet: Literal["fast", "plain"] = setting("fast", "edges batched, or a module an operation")
    channels: int = setting(16, "C, the width of the first stage", at_least=1)
    cells: int = setting(5, "N, cells a stage", at_least=1)
    running_statistics: bool = setting(True, "batch norms keep running statistics")

    # The loop
    epochs: int = setting(50, "epochs of the search", at_least=1)
    batch_size: int = setting(64, "images a step, of each half", at_least=2)
    order: Literal["weights_first", "logits_first"] = setting(
        "weights_first", "which of the two steps comes first"
    )

    # The weight step: SGD
    learning_rate: float = setting(0.025, "learning rate of the weights at the start", above=0)
    learning_rate_min: float = setting(0.001, "and at the end of the cosine", at_least=0)
    anneal: Literal["epoch", "step"] = setting(
        "epoch", "how often the cosine moves: each epoch (NB201's code), or each step"
    )
    momentum: float = setting(0.9, "momentum of the weights' SGD", at_least=0)
    nesterov: bool = setting(True, "Nesterov momentum")
    weight_decay: float = setting(5e-4, "weight decay of the weights", at_least=0)

    # The logit step: Adam
    arch_learning_rate: float = setting(3e-4, "learning rate of the logits", above=0)
    arch_weight_decay: float = setting(0.0, "weight decay of the logits", at_least=0)
    arch_beta1: float = setting(0.5, "Adam's first decay rate", at_least=0, at_most=0.9999)
    arch_beta2: float = setting(0.999, "Adam's second decay rate", at_least=0, at_most=0.999999)
    arch_init: float = setting(1e-3, "standard deviation of the first logits", at_least=0)

    # Gradient clipping
    clip: Literal["off", "weights", "logits", "weights_and_logits", "each"] = setting(
        "weights",
        "whose norm is clipped: the weights' (in their step), the logits' (in theirs), one norm "
        "over both (in the weight step), or each its own",
    )
    grad_clip: float = setting(5.0, "the norm to clip to", above=0)
    clip_stale_logits: bool = setting(
        False,
        "with clip: weights_and_logits, the logits' gradient of the last logit step is still in "
        "the norm (NB201's code clears it only before the logit step)",
    )

    # Relaxation
    variant: Literal["paper", "release"] = setting(
        "paper", "EDD as the 2023 paper describes it, or as the authors' 2021 code runs it"
    )
    relaxation: Literal["softmax", "sn_softmax", "gumbel", "sn_gumbel"] = setting(
        "softmax", "logits to edge weights"
    )
    s: float | Literal["unit"] = setting("unit", "sn-softmax: s above 1, or 'unit' for s*t = 1")
    noise_at_one: bool = setting(True, "sn-softmax: keep the noise term while t = 1")

    # Partial channels (PC-DARTS; on NASLib's engine)
    partial_channels: int = setting(
        1, "K: one channel in K goes through the operations, and edges have weights", at_least=1
    )

    # Temperature
    temperature: Literal["constant", "lts", "ets", "pcd", "lpcd", "edd"] = setting(
        "constant", "the controller of t"
    )
    t0: float = setting(1.0, "the first temperature", above=0)
    t_end: float = setting(1e-3, "where lts and ets are after the last epoch", above=0)
    logit_scale: float = setting(3.989422804014327e-4, "E(a), the scale of the logits", above=0)
    pcd_strength: float = setting(0.11, "pcd: the step d in exp(E(a)/t)", above=0)
    pcd_warmup: int = setting(5, "pcd and lpcd: epochs at t = 1 first (cifar100: 10)", at_least=0)
    edd_lambda: float = setting(0.06, "EDD's one hyperparameter", above=0)
    edd_rho: float = setting(0.5, "momentum of the moving average of d", at_least=0, at_most=0.9999)
    edd_first_update: int = setting(1, "t changes before this epoch (0-based) first", at_least=1)
    edd_interval: int = setting(1, "then every so many epochs", at_least=1)
    edd_dense_from: int | None = setting(None, "and before every epoch from here on", at_least=1)
    edd_count: Literal["epochs", "updates"] = setting("epochs", "what k counts")
    edd_lambda_late: float | None = setting(None, "another lambda, from edd_late_from on", above=0)
    edd_late_from: int | None = setting(None, "epoch (0-based) of the other lambda", at_least=1)
    edd_reduction: Literal["mean", "sum"] = setting("mean", "entropy over the edges")
    edd_entropy_of: Literal["current", "untempered"] = setting(
        "current", "entropy of beta at the current t, or of softmax(A) at t = 1"
    )
    edd_t0_exp: Literal["exact", "one"] = setting("exact", "exp(E(a)/t0), or 1 as the release has")

    # Data
    split: str | None = setting(None, "how the images are halved; the data set's own by default")
    split_file: str | None = setting(None, "the file that split: nb201 or file reads")
    train_portion: float | None = setting(None, "split: fraction, the train half", above=0)
    limit_train: int | None = setting(None, "use only so many images of the train half", at_least=2)
    limit_val: int | None = setting(None, "use only so many images of the val half", at_least=2)
    augment: bool = setting(True, "flip and crop the train half")
    augment_val: bool = setting(True, "and the val half in the logit step")
    val_sampling: Literal["shuffle", "replace"] = setting(
        "replace", "val batches: drawn with replacement (NB201's code), or a shuffled pass"
    )

    # The pass of the discretised network after each epoch
    eval_statistics: Literal["batch", "running", "both"] = setting(
        "both", "batch norm of that pass: by the batch, by running statistics, or both recorded"
    )
    eval_batch_size: int = setting(250, "images a batch of that pass", at_least=2)

    # The run
    checkpoint_seconds: float = setting(
        60.0, "inside an epoch, a checkpoint so often; 0: at each step", at_least=0
    )


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole config."""

    optimizer: str = setting("edd_darts", "the method; a preset of settings of `search`")
    search_space: Literal["nasbench201", "nasbench301"] = setting(
        "nasbench201", "what is searched; nasbench301 on NASLib's engine only"
    )
    dataset: str = setting("digits", "digits, cifar10, cifar100, svhn or ImageNet16-120")
    seed: int = setting(
        0, "of weights, logits, batches and augmentation", at_least=0, at_most=2**63 - 1
    )
    out_dir: str = setting("runs", "runs are written below this folder")
    name: str | None = setting(None, "of the run's folder; the optimizer's name by default")
    data: str | None = setting(None, "where the data are; see `naslib-edd doctor`")
    download: bool = setting(False, "fetch missing data through torchvision")
    table: str | None = setting(
        None, "the benchmark table to look architectures up in: a path, or digits, the built-in one"
    )
    device: str = setting("auto", "auto, cpu, cuda or cuda:N")
    threads: int | None = setting(
        None, "of torch on the CPU; its own choice by default", at_least=1, at_most=1024
    )
    evaluation: dict[str, Any] = field(
        default_factory=dict,
        metadata={"doc": "NASLib's section of that name; the built-in engine reads none of it"},
    )
    search: SearchSettings = field(
        default_factory=SearchSettings, metadata={"doc": "the method and its recipe"}
    )


#: The keys that hold keys.
SECTIONS = ("search", "evaluation")
#: Keys of NASLib's configs that only NASLib reads; the built-in engine passes them over.
NASLIB_TOP = ("save_arch_weights", "plot_arch_weights", "loaders")
NASLIB_SEARCH = (
    "checkpoint_freq",
    "warm_start_epochs",
    "data_size",
    "cutout",
    "cutout_length",
    "cutout_prob",
    "drop_path_prob",
    "unrolled",
    "output_weights",
    "fidelity",
    "tau_max",
    "tau_min",
    "sample_size",
    "population_size",
    "num_init",
    "threshold",
    "normalization",
    "normalization_exponent",
    "k",
    "num_ensemble",
    "acq_fn_type",
    "acq_fn_optimization",
    "encoding_type",
    "num_arches_to_mutate",
    "max_mutations",
    "num_candidates",
    "predictor_type",
    "debug_predictor",
)


def names(section: type[Any]) -> Sequence[str]:
    """The keys of a section."""
    return [item.name for item in dataclasses.fields(section)]
