"""The DARTS space and S1 to S4 as spaces: texts, neighbours, warnings, defaults, drawings."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from matplotlib.figure import Figure

from naslib_edd import spaces
from naslib_edd.config.loading import as_dict, load
from naslib_edd.errors import UserError
from naslib_edd.report.paper import paper_row
from naslib_edd.report.recipe import other_settings, reduction
from naslib_edd.spaces.darts.collapse import warning_of
from naslib_edd.spaces.darts.drawing import SHORT
from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.layout import OPERATIONS
from naslib_edd.spaces.darts.published import PUBLISHED
from naslib_edd.spaces.darts.space import S1, S2, S3, S4, SPACE, DartsSpace

ALL = (SPACE, S1, S2, S3, S4)
V2 = SPACE.parse("DARTS_V2")


def drawn(space: DartsSpace, count: int = 20) -> list[tuple[int | None, ...]]:
    layout = space.layout
    allowed = torch.zeros(layout.edges, len(layout.operations), dtype=torch.bool)
    for row in range(layout.edges):
        allowed[row, list(layout.columns(row))] = True
    return space.sampled(allowed, count, torch.Generator().manual_seed(2))


@pytest.mark.parametrize("space", ALL, ids=lambda space: space.name)
def test_registered_and_read_back(space: DartsSpace) -> None:
    assert spaces.get(space.name) is space
    assert space.name in spaces.names()
    assert space.size is None
    for arch in drawn(space):
        assert space.parse(space.text(arch)) == arch
        assert space.parse(list(arch)) == arch
        row = space.row(arch)
        assert row["ops"] == list(arch)
        assert row["index"] is None
        if space.layout.skip is not None:
            assert row["skip_count"] == row["arch_str"].count("skip_connect")


def test_a_published_cell_of_another_space_is_refused() -> None:
    assert SPACE.text(V2).count("sep_conv_3x3") == 5
    with pytest.raises(UserError, match="in S2 this edge has skip_connect, sep_conv_3x3"):
        S2.parse("DARTS_V2")
    with pytest.raises(UserError, match="an architecture of the DARTS space has 28"):
        SPACE.check([0] * 14)
    with pytest.raises(UserError, match="3 edges enter node 3"):
        SPACE.check([4] * 28)
    with pytest.raises(UserError, match="no operation id"):
        S2.parse([5] * 28)


@pytest.mark.parametrize("space", ALL, ids=lambda space: space.name)
def test_neighbours_differ_in_one_place(space: DartsSpace) -> None:
    arch = drawn(space, 1)[0]
    found = list(space.neighbours(arch))
    assert len(set(found)) == len(found)
    assert arch not in found
    for other in found:
        assert space.check(other) == other
        assert space.layout.none not in other or space.layout.none is None
        changed = [row for row in range(28) if arch[row] != other[row]]
        nodes = {space.layout.targets[row] for row in changed}
        assert len(changed) in (1, 2)
        assert len(nodes) == 1
        assert sum(op is not None for op in other) == 16
    moved = sum(sum(a != b for a, b in zip(arch, other, strict=True)) == 2 for other in found)
    if space.layout.choices is None:
        # Six nodes can lose an edge: two edges each to move to 1, 2 or 3 other sources.
        assert moved == 2 * (2 * 1 + 2 * 2 + 2 * 3)
    if space is SPACE:
        assert len(found) - moved == 16 * 6  # seven operations but none, less its own
        skip = OPERATIONS.index("skip_connect")
        only = list(space.neighbours(V2, {0, skip}))
        gained = [other for other in only if other.count(None) == 12 and skip in other]
        assert len(gained) == len(only)


def test_warnings() -> None:
    skips = ("skip_connect", 0), ("skip_connect", 1)
    convolution = ("sep_conv_3x3", 0), ("sep_conv_3x3", 1)
    reduce = PUBLISHED["DARTS_V2"].genotype.reduce
    assert warning_of(PUBLISHED["DARTS_V2"].genotype) is None
    assert SPACE.warning(V2) is None
    three = PUBLISHED["DARTS_V1"].genotype
    assert "3 of the normal cell's 8 edges are skip_connect" in str(warning_of(three))
    empty = Genotype(normal=skips * 4, reduce=reduce)
    assert "no convolution" in str(warning_of(empty))
    two = Genotype(normal=(*skips, *convolution * 3), reduce=reduce)
    assert warning_of(two) is None
    noisy = Genotype(normal=(("noise", 0), *convolution[1:], *convolution * 3), reduce=reduce)
    assert "1 edges pass noise on" in str(warning_of(noisy))


def test_the_recipe_is_below_the_method_s() -> None:
    search = load({"search_space": "darts", "optimizer": "darts_v1"}).search
    assert (search.channels, search.cells, search.epochs, search.batch_size) == (16, 8, 50, 64)
    assert (search.learning_rate, search.learning_rate_min) == (0.025, 0.001)
    assert (search.weight_decay, search.nesterov, search.order) == (3e-4, False, "logits_first")
    assert (search.arch_learning_rate, search.arch_weight_decay) == (3e-4, 1e-3)
    assert load({"search_space": "nasbench201"}).search.cells == 5
    assert load({"search_space": "s3", "search": {"cells": 5}}).search.cells == 5
    with pytest.raises(UserError, match="no operation of the search space"):
        load({"search_space": "s2", "search": {"operations": ["dil_conv_3x3", "sep_conv_3x3"]}})


@pytest.mark.parametrize("space", ALL, ids=lambda space: space.name)
def test_networks_give_scores(space: DartsSpace) -> None:
    network = space.network(drawn(space, 1)[0], channels=4, cells=3, classes=5)
    assert network(torch.randn(2, 3, 16, 16)).shape == (2, 5)


def test_a_drawing_names_every_edge() -> None:
    axes = Figure().subplots()
    SPACE.draw(axes, V2)
    texts = [text.get_text() for text in axes.texts]
    assert [texts.count(name) for name in ("sep 3", "skip", "dil 3", "max 3")] == [5, 5, 1, 5]
    assert sum(texts.count(str(node)) for node in range(4)) == 8
    # No two edges' names stand on one another.
    places = [text.get_position() for text in axes.texts if text.get_text() in SHORT.values()]
    assert len(set(places)) == len(places)


def test_no_torch_before_a_network_is_asked_for() -> None:
    code = (
        "import sys; from naslib_edd import spaces; s = spaces.get('s1');"
        "s.text(s.parse([None] * 28)); spaces.get('darts').parse('P-DARTS');"
        "print('torch' in sys.modules or 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_reports_know_the_space_of_a_run() -> None:
    config = {"search_space": "darts", "optimizer": "edd_darts", "dataset": "cifar10"}
    usual = load(config)
    whole = {**config, "search": dict(SPACE.defaults)}
    assert reduction(whole) is None
    assert reduction({**config, "search": {"cells": 5}}) == "reduced: 5 cells"
    assert reduction({"dataset": "cifar10", "search": {"cells": 8}}) == "another size: N=8"
    assert other_settings(as_dict(usual)) == {}
    assert paper_row(config) is None
    assert paper_row({**config, "search_space": "nasbench201"}) is not None
    assert SPACE.layout.kept_edges == 16
    assert spaces.get("nasbench201").layout.kept_edges == 6
