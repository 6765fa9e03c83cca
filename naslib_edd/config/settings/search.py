"""The section ``search:`` of a config, put together of its parts."""

from __future__ import annotations

from dataclasses import dataclass

from naslib_edd.config.settings.bilevel import BilevelSettings
from naslib_edd.config.settings.hardware import HardwareSettings
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
    """The section ``search:``: one base class a part.

    What goes together: :func:`naslib_edd.config.settings.cross_checks.check_together`.
    """
