"""The whole config, and the keys that only NASLib reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from naslib_edd.config.settings.fields import setting
from naslib_edd.config.settings.search import SearchSettings


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole config."""

    optimizer: str = setting("edd_darts", "the method; a preset of settings of `search`")
    search_space: str = setting(
        "nasbench201",
        "what is searched: nasbench201, darts, s1 to s4, or a space of one's own "
        "(naslib_edd.spaces); nasbench301 on NASLib's engine only",
    )
    dataset: str = setting(
        "digits",
        "digits, cifar10, cifar100, svhn, ImageNet16-120, or custom: one's own images (data)",
    )
    seed: int = setting(
        0, "of weights, logits, batches and augmentation", at_least=0, at_most=2**63 - 1
    )
    out_dir: str = setting("runs", "runs are written below this folder")
    name: str | None = setting(None, "of the run's folder; the optimizer's name by default")
    data: str | None = setting(None, "where the data are; see `naslib-edd doctor`")
    download: bool = setting(False, "fetch missing data through torchvision")
    table: str | None = setting(
        None,
        "the benchmark table to look architectures up in: a path, nb201, digits, none",
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
