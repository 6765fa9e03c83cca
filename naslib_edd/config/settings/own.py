"""Settings that name the parts of one's own that a registered method brings along."""

from __future__ import annotations

from dataclasses import dataclass

from naslib_edd.config.settings.fields import setting

#: The kinds of parts that a method of one's own may replace or add.
KINDS = ("relaxation", "temperature", "regulariser", "selection", "step", "stage")


@dataclass(frozen=True, kw_only=True)
class OwnSettings:
    """Names of registered parts, as ``module:class``; :func:`naslib_edd.register_method` sets them.

    Only what this process has registered is ever used: no module is imported by such a name.
    """

    own_relaxation: str | None = setting(None, "registered: in the place of `relaxation`")
    own_temperature: str | None = setting(None, "registered: in the place of `temperature`")
    own_regulariser: str | None = setting(None, "registered: beside the regularisers")
    own_selection: str | None = setting(None, "registered: in the place of `selection`")
    own_step: str | None = setting(None, "registered: in the place of `bilevel`")
    own_stage: str | None = setting(None, "registered: beside the stages")
