"""The settings of a search, each documented where it stands.

:mod:`naslib_edd.config.loading` reads them. The keys are NASLib's where NASLib has one
(``search.learning_rate`` …). A setting whose default depends on the method gets it from
:mod:`naslib_edd.config.methods`. One module a part.
"""

from naslib_edd.config.settings.config import (
    NASLIB_SEARCH,
    NASLIB_TOP,
    SECTIONS,
    Config,
    names,
)
from naslib_edd.config.settings.fields import setting
from naslib_edd.config.settings.search import SearchSettings

__all__ = [
    "NASLIB_SEARCH",
    "NASLIB_TOP",
    "SECTIONS",
    "Config",
    "SearchSettings",
    "names",
    "setting",
]
