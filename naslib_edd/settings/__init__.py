"""The settings of a search, each documented where it stands. :mod:`naslib_edd.config` reads them.

The keys are NASLib's where NASLib has one (``search.learning_rate`` …). A setting whose default
depends on the method gets it from :mod:`naslib_edd.presets`. One module a part.
"""

from naslib_edd.settings.config import (
    NASLIB_SEARCH,
    NASLIB_TOP,
    SECTIONS,
    Config,
    SearchSettings,
    names,
)
from naslib_edd.settings.fields import setting

__all__ = [
    "NASLIB_SEARCH",
    "NASLIB_TOP",
    "SECTIONS",
    "Config",
    "SearchSettings",
    "names",
    "setting",
]
