"""From settings to parts: one module a part, all of them functions of a config's ``search:``."""

from naslib_edd.engine.build.batches import make_batches
from naslib_edd.engine.build.bilevel import make_bilevel
from naslib_edd.engine.build.drop_path import make_drop_path
from naslib_edd.engine.build.kernels import Choice, choose, gone_on
from naslib_edd.engine.build.network import make_supernet
from naslib_edd.engine.build.parts import Parts, make_parts
from naslib_edd.engine.build.regularisers import make_regularisers
from naslib_edd.engine.build.relaxation import allowed_in, make_allowed, make_relaxation
from naslib_edd.engine.build.stages import make_stages
from naslib_edd.engine.build.step import StepMode, make_step, step_mode
from naslib_edd.engine.build.temperature import make_temperature

__all__ = [
    "Choice",
    "Parts",
    "StepMode",
    "allowed_in",
    "choose",
    "gone_on",
    "make_allowed",
    "make_batches",
    "make_bilevel",
    "make_drop_path",
    "make_parts",
    "make_regularisers",
    "make_relaxation",
    "make_stages",
    "make_step",
    "make_supernet",
    "make_temperature",
    "step_mode",
]
