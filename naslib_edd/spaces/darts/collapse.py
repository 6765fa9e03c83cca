"""Whether a genotype's search has collapsed: by its normal cell, of which most cells are."""

from __future__ import annotations

from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.layout import NOISE

#: More skip connections than this in the normal cell are a collapse. P-DARTS allows two of them
#: (Chen et al. 2019, section 3.3); DARTS+ stops a search that has reached two (Liang et al. 2019).
MOST_SKIPS = 2
_WITHOUT_WEIGHTS = ("none", NOISE, "skip_connect", "max_pool_3x3", "avg_pool_3x3")


def warning_of(genotype: Genotype) -> str | None:
    """A sentence if a normal cell has no convolution, too many skip connections, or any noise."""
    names = [name for name, _ in genotype.normal]
    if all(name in _WITHOUT_WEIGHTS for name in names):
        return "the normal cell has no convolution: it only copies and pools"
    skips = genotype.count("skip_connect", "normal")
    if skips > MOST_SKIPS:
        return (
            f"{skips} of the normal cell's {len(names)} edges are skip_connect, more than the "
            f"{MOST_SKIPS} that P-DARTS allows and at which DARTS+ stops: the search may have "
            "collapsed"
        )
    noise = genotype.count(NOISE)
    return f"{noise} edges pass noise on in the place of features" if noise else None
