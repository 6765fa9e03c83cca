"""NASLib's forms of a genotype, against NASLib's own conversions."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest
import torch

from naslib_edd.spaces.darts.genotype import from_kept
from naslib_edd.spaces.darts.genotype_forms import parse, to_compact, to_config
from naslib_edd.spaces.darts.layout import DARTS
from naslib_edd.spaces.darts.published import PUBLISHED
from naslib_edd.spaces.darts.space import SPACE

pytestmark = pytest.mark.naslib


@pytest.fixture(scope="module")
def conversions() -> ModuleType:
    """The module alone, without the rest of NASLib and its imports."""
    name = "naslib/search_spaces/nasbench301/conversions.py"
    if "NASLIB_HOME" in os.environ:
        path = Path(os.environ["NASLIB_HOME"]) / name
    else:
        package = importlib.util.find_spec("naslib")
        assert package is not None and package.origin is not None
        path = Path(package.origin).parents[1] / name
    spec = importlib.util.spec_from_file_location("nb301_conversions", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_compact_and_config(conversions: ModuleType) -> None:
    allowed = torch.ones(28, 8, dtype=torch.bool)
    archs = SPACE.sampled(allowed, 50, torch.Generator().manual_seed(0))
    genotypes = [from_kept(arch, DARTS) for arch in archs]
    genotypes += [each.genotype for each in PUBLISHED.values()]
    for genotype in genotypes:
        theirs = conversions.Genotype(
            list(genotype.normal), range(2, 6), list(genotype.reduce), range(2, 6)
        )
        assert parse(theirs) == genotype
        assert conversions.convert_genotype_to_compact(theirs) == to_compact(genotype)
        assert conversions.convert_genotype_to_config(theirs) == to_config(genotype)
        back = conversions.convert_config_to_genotype(to_config(genotype))
        assert parse(back).same_cells(genotype)
        assert parse(conversions.convert_compact_to_genotype(to_compact(genotype))) == genotype
