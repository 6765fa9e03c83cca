"""The whole config, and the keys that only NASLib reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from naslib_edd import spaces
from naslib_edd.config.settings.bilevel import BilevelSettings, check_bilevel
from naslib_edd.config.settings.cross_checks import (
    check_dirichlet,
    check_operations,
    check_progressive,
    check_sampled,
    check_sparsity,
)
from naslib_edd.config.settings.fields import setting
from naslib_edd.config.settings.hardware import HardwareSettings, check_hardware
from naslib_edd.config.settings.images import ImageSettings
from naslib_edd.config.settings.network import NetworkSettings
from naslib_edd.config.settings.own import OwnSettings
from naslib_edd.config.settings.perturbation import PerturbationSettings
from naslib_edd.config.settings.regularisers import RegulariserSettings
from naslib_edd.config.settings.relaxation import RelaxationSettings
from naslib_edd.config.settings.sampling import SamplingSettings
from naslib_edd.config.settings.selection import SelectionSettings
from naslib_edd.config.settings.stages import StageSettings
from naslib_edd.config.settings.steps import StepSettings
from naslib_edd.config.settings.temperature import TemperatureSettings
from naslib_edd.errors import UserError
from naslib_edd.spaces.layout import Layout


# Dataclasses list the fields of the last base first: the order here is the reverse of the order
# in which a config is written out.
@dataclass(frozen=True, kw_only=True)
class SearchSettings(
    OwnSettings,
    HardwareSettings,
    ImageSettings,
    SamplingSettings,
    StageSettings,
    SelectionSettings,
    PerturbationSettings,
    RegulariserSettings,
    TemperatureSettings,
    RelaxationSettings,
    BilevelSettings,
    StepSettings,
    NetworkSettings,
):
    """The section ``search:`` of a config: one base class a part."""

    def check(self, layout: Layout | None = None) -> None:
        """Raise UserError for settings that do not go together, with the reason.

        Args:
            layout: of the search space, on which some bounds depend; NAS-Bench-201's by default.
        """
        layout = layout or spaces.get("nasbench201").layout
        self.check_network(layout)
        self.check_relaxation()
        self.check_steps()
        check_bilevel(self)
        self.check_temperature()
        self.check_regularisers()
        self.check_perturbation()
        self.check_selection(layout.decisions)
        self.check_stages()
        check_operations(self, layout)
        check_dirichlet(self)
        check_sparsity(self)
        check_progressive(self, layout)
        check_sampled(self)
        check_hardware(self)
        self.check_sampling()
        if self.eval_statistics == "running" and not self.running_statistics:
            raise UserError("search.eval_statistics: running needs search.running_statistics: true")
        if self.partial_channels > 1 and self.relaxation in ("gumbel", "sn_gumbel"):
            raise UserError(
                f"search.partial_channels = {self.partial_channels} does not go with "
                f"search.relaxation: {self.relaxation}: of a sample one operation an edge is "
                "computed, so there is no mixture whose channels could be spared"
            )


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
