"""Published cells of the DARTS space, by name: facts from the papers' releases.

A cell is written here in short: ``sep3:1`` is ``('sep_conv_3x3', 1)``. The pairs have the releases'
order. Sources, as repository@commit and file:

- DARTS_V1, DARTS_V2: quark0/darts@f276dd3, ``cnn/genotypes.py``
- PC_DARTS_cifar, PC_DARTS_imagenet: yuhuixu1993/PC-DARTS@b74702f, ``genotypes.py``
- P_DARTS: chenxin061/pdarts@b880e87, ``genotypes.py``
- SDARTS_RS, SDARTS_ADV: xiangning-chen/SmoothDARTS@d3dbfed, ``sota/cnn/genotypes.py``
  (``c10_s5_random``, ``c10_s5_pgd``: of the whole space, which that release calls s5)
- DrNAS_cifar, DrNAS_imagenet: xiangning-chen/DrNAS@f2caa4d, ``DARTS-space/genotypes.py``
- GAEA_cifar, GAEA_imagenet: of GAEA PC-DARTS, determined-ai/determined@ea939db,
  ``examples/experimental/trial/gaea_nas/genotypes.py`` (``pcdartseedartscifar103103``,
  ``pcdartseedartsimagenet156``); the papers' own release, liamcli/gaea_release, has neither
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from naslib_edd.data.names import same
from naslib_edd.errors import UserError, nearest
from naslib_edd.spaces.darts.genotype import Genotype, Pair

_SHORT = {
    "max": "max_pool_3x3",
    "avg": "avg_pool_3x3",
    "skip": "skip_connect",
    "sep3": "sep_conv_3x3",
    "sep5": "sep_conv_5x5",
    "dil3": "dil_conv_3x3",
    "dil5": "dil_conv_5x5",
}


class Millions(NamedTuple):
    """Parameters of a network, in millions, as a paper or a release prints them.

    Of DARTS, PC-DARTS, P-DARTS and GAEA in their papers; of DrNAS in its release's README; of
    SDARTS in Sunshine-Ye/Beta-DARTS@f307704, ``sota/cnn/genotypes.py``.

    Attributes:
        cifar: of 36 channels and 20 cells, 10 classes, without the auxiliary head.
        imagenet: of 48 channels and 14 cells, 1000 classes, without the auxiliary head.
    """

    cifar: float | None = None
    imagenet: float | None = None


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published genotype.

    Attributes:
        paper: who published it.
        genotype: both cells.
        printed: parameters, as printed; None where nothing is printed of this cell.
    """

    paper: str
    genotype: Genotype
    printed: Millions


def _pairs(text: str) -> tuple[Pair, ...]:
    halves = (pair.split(":") for pair in text.split())
    return tuple((_SHORT[name], int(source)) for name, source in halves)


def _of(paper: str, normal: str, reduce: str, *printed: float | None) -> Published:
    genotype = Genotype(normal=_pairs(normal), reduce=_pairs(reduce))
    return Published(paper=paper, genotype=genotype, printed=Millions(*printed))


PUBLISHED: dict[str, Published] = {
    "DARTS_V1": _of(
        "Liu et al. 2019, first order",
        "sep3:1 sep3:0 skip:0 sep3:1 skip:0 sep3:1 sep3:0 skip:2",
        "max:0 max:1 skip:2 max:0 max:0 skip:2 skip:2 avg:0",
        3.3,
    ),
    "DARTS_V2": _of(
        "Liu et al. 2019, second order",
        "sep3:0 sep3:1 sep3:0 sep3:1 sep3:1 skip:0 skip:0 dil3:2",
        "max:0 max:1 skip:2 max:1 max:0 skip:2 skip:2 max:1",
        3.3,
        4.7,
    ),
    "PC_DARTS_cifar": _of(
        "Xu et al. 2020, searched on CIFAR-10",
        "sep3:1 skip:0 sep3:0 dil3:1 sep5:0 sep3:1 avg:0 dil3:1",
        "sep5:1 max:0 sep5:1 sep5:2 sep3:0 sep3:3 sep3:1 sep3:2",
        3.6,
        5.3,
    ),
    "PC_DARTS_imagenet": _of(
        "Xu et al. 2020, searched on ImageNet",
        "skip:1 sep3:0 sep3:0 skip:1 sep3:1 sep3:3 sep3:1 dil5:4",
        "sep3:0 skip:1 dil5:2 max:1 sep3:2 sep3:1 sep5:0 sep3:3",
        None,
        5.3,
    ),
    "P_DARTS": _of(
        "Chen et al. 2019, searched on CIFAR-10",
        "skip:0 dil3:1 skip:0 sep3:1 sep3:1 sep3:3 sep3:0 dil5:4",
        "avg:0 sep5:1 sep3:0 dil5:2 max:0 dil3:1 dil3:1 dil5:3",
        3.4,
        4.9,
    ),
    "SDARTS_RS": _of(
        "Chen & Hsieh 2020, random smoothing",
        "sep3:1 sep3:0 sep5:1 skip:0 sep3:3 skip:1 sep3:1 dil3:2",
        "max:0 sep3:1 skip:2 max:0 dil5:3 max:0 sep3:2 sep5:3",
        3.61,
    ),
    "SDARTS_ADV": _of(
        "Chen & Hsieh 2020, adversarial",
        "sep3:0 sep3:1 sep3:1 skip:0 sep5:0 dil3:3 dil3:4 skip:0",
        "max:0 sep5:1 skip:2 max:0 skip:3 skip:2 skip:2 sep5:4",
        3.34,
    ),
    "DrNAS_cifar": _of(
        "Chen et al. 2021, searched on CIFAR-10",
        "sep3:0 sep5:1 sep3:1 sep3:2 skip:0 sep3:1 sep3:2 dil5:3",
        "max:0 sep5:1 dil5:2 sep5:1 sep5:1 dil5:3 skip:4 sep5:1",
        4.1,
    ),
    "DrNAS_imagenet": _of(
        "Chen et al. 2021, searched on ImageNet",
        "sep3:1 sep3:0 sep3:0 sep3:1 sep3:0 dil3:3 skip:0 sep3:1",
        "max:0 sep3:1 sep3:0 skip:2 sep3:0 sep3:2 sep3:3 sep3:1",
        None,
        5.7,
    ),
    "GAEA_cifar": _of(
        "Li et al. 2021, GAEA PC-DARTS, searched on CIFAR-10",
        "sep3:1 skip:0 sep3:1 skip:2 sep3:1 sep3:2 sep3:0 dil3:4",
        "max:0 max:1 sep5:0 sep5:2 dil3:3 sep5:2 sep5:4 sep3:1",
        3.7,
    ),
    "GAEA_imagenet": _of(
        "Li et al. 2021, GAEA PC-DARTS, searched on ImageNet",
        "skip:1 skip:0 sep3:2 sep3:1 sep5:2 sep3:0 sep5:3 sep5:2",
        "max:1 sep3:0 sep5:1 dil5:2 sep3:1 sep3:3 sep5:1 max:2",
        None,
        5.6,
    ),
}
#: Other names: those of the releases, and a method's name alone.
ALIASES = {
    "DARTS": "DARTS_V2",
    "PC_DARTS": "PC_DARTS_cifar",
    "PC_DARTS_image": "PC_DARTS_imagenet",
    "DrNAS": "DrNAS_cifar",
    "DrNAS_cifar10": "DrNAS_cifar",
    "GAEA": "GAEA_cifar",
    "c10_s5_random": "SDARTS_RS",
    "c10_s5_pgd": "SDARTS_ADV",
}
#: Methods whose releases name no cell of the whole DARTS space.
UNPUBLISHED = {
    "β-DARTS": "Sunshine-Ye/Beta-DARTS names no cell as its own",
    "Beta-DARTS": "Sunshine-Ye/Beta-DARTS names no cell as its own",
    "R-DARTS": "automl/RobustDARTS has cells of S1 to S4 only",
    "RobustDARTS": "automl/RobustDARTS has cells of S1 to S4 only",
}


def known(name: str) -> str | None:
    """The name in :data:`PUBLISHED` that a spelling means, or None; case and hyphens are free."""
    found = same(name, (*PUBLISHED, *ALIASES))
    return None if found is None else ALIASES.get(found, found)


def named(name: str) -> Genotype:
    """The genotype of a published cell.

    Raises:
        UserError: none has that name.
    """
    found = known(name)
    if found is not None:
        return PUBLISHED[found].genotype
    absent = same(name, UNPUBLISHED)
    if absent is not None:
        raise UserError(
            f"the cell of {absent} is not in its release ({UNPUBLISHED[absent]}); give the "
            "genotype itself"
        )
    raise UserError(
        f"'{name[:80]}' is no published cell, and no genotype{nearest(name, PUBLISHED)}"
    )
