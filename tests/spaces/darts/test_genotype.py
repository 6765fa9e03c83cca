"""Genotypes: their forms, and the way to and from the rows of a layout."""

from __future__ import annotations

import json
from collections import namedtuple
from random import Random

import pytest
import torch

from naslib_edd.errors import UserError
from naslib_edd.selection import top_edges
from naslib_edd.selection.drawn import drawn
from naslib_edd.spaces.darts.genotype import Genotype, from_kept, to_kept
from naslib_edd.spaces.darts.genotype_forms import (
    COMPACT,
    from_compact,
    from_config,
    parse,
    to_compact,
    to_config,
)
from naslib_edd.spaces.darts.layout import DARTS, EDGES, LAYOUTS, OPERATIONS
from naslib_edd.spaces.darts.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype
# As quark0/darts prints it.
V2_TEXT = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), "
    "('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), "
    "('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)
GOOD = "[('sep_conv_3x3', 0), ('sep_conv_3x3', 1)] * 4"
Release = namedtuple("Release", "normal normal_concat reduce reduce_concat")


def random_kept(name: str, count: int) -> list[tuple[int | None, ...]]:
    layout = LAYOUTS[name]
    allowed = torch.zeros(layout.edges, len(layout.operations), dtype=torch.bool)
    for row in range(layout.edges):
        allowed[row, list(layout.columns(row))] = True
    generator = torch.Generator().manual_seed(1)
    return drawn(allowed, layout, count=count, generator=generator)


@pytest.mark.parametrize(
    "given",
    [
        V2_TEXT,
        f"DARTS_V2 = {V2_TEXT}",
        f"2019-12-31 02:51:20,249 genotype = {V2_TEXT}\n",
        V2_TEXT.replace("[2, 3, 4, 5]", "range(2, 6)"),
        str(V2),
        json.dumps(V2.as_dict()),
        V2.as_dict(),
        {"normal": V2.normal, "reduce": list(V2.reduce)},
        Release(list(V2.normal), range(2, 6), list(V2.reduce), range(2, 6)),
        to_compact(V2),
        str(to_compact(V2)),
        to_config(V2),
        "DARTS_V2",
        "darts-v2",
        "DARTS",
        V2,
    ],
    ids=range(16),
)
def test_every_form(given: object) -> None:
    found = parse(given)
    assert found.same_cells(V2)
    if not (isinstance(given, dict) and len(given) > 4):  # a config has no order
        assert found == V2


def test_a_text_grouped_by_nodes() -> None:
    groups = [[list(pair) for pair in V2.normal[i : i + 2]] for i in range(0, 8, 2)]
    assert parse({"normal": groups, "reduce": V2.as_dict()["reduce"]}) == V2


def test_the_text_is_the_releases() -> None:
    assert str(V2) == V2_TEXT.replace("[2, 3, 4, 5]", "range(2, 6)")
    odd = Genotype(normal=V2.normal, reduce=V2.reduce, normal_concat=(2, 3, 5))
    assert "normal_concat=[2, 3, 5]," in str(odd)
    assert parse(str(odd)) == odd


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_rows_and_back(name: str) -> None:
    layout = LAYOUTS[name]
    for arch in random_kept(name, 50):
        genotype = from_kept(arch, layout)
        assert to_kept(genotype, layout) == arch
        assert to_kept(parse(str(genotype)), layout) == arch
        assert sum(op is not None for op in arch) == 16
        for cell, first in (("normal", 0), ("reduce", 14)):
            for number, (operation, source) in enumerate(genotype.cell(cell)):
                row = first + EDGES.index((source, 2 + number // 2))
                kept = arch[row]
                assert kept is not None
                assert layout.operations[kept] == operation


def test_nb301_forms_are_naslibs() -> None:
    # DARTS_V2 by hand: operations without none are max, avg, skip, sep3, sep5, dil3, dil5.
    normal = ((0, 3), (1, 3), (0, 3), (1, 3), (1, 3), (0, 2), (0, 2), (2, 5))
    reduce = ((0, 0), (1, 0), (2, 2), (1, 0), (0, 0), (2, 2), (2, 2), (1, 0))
    assert to_compact(V2) == (normal, reduce)
    config = to_config(V2)
    head = "NetworkSelectorDatasetInfo:darts:"
    assert len(config) == 2 * (8 + 3)
    assert config[f"{head}edge_normal_0"] == "sep_conv_3x3"
    assert config[f"{head}edge_normal_11"] == "dil_conv_3x3"
    assert config[f"{head}inputs_node_reduce_5"] == "1_2"
    for arch in random_kept("darts", 20):
        genotype = from_kept(arch, DARTS)
        assert from_compact(to_compact(genotype)) == genotype
        assert from_config(to_config(genotype)) == genotype
    assert OPERATIONS[1:] == COMPACT


def test_nodes_with_fewer_edges_have_none() -> None:
    arch = list(to_kept(V2, DARTS))
    assert arch[0] == OPERATIONS.index("sep_conv_3x3")
    arch[0] = None
    genotype = from_kept(arch, DARTS)
    assert genotype.normal[:2] == (("none", 0), ("sep_conv_3x3", 1))
    assert to_kept(genotype, DARTS) == tuple(arch)
    full = [4] * 28
    with pytest.raises(UserError, match="3 edges enter node 3 of the normal cell"):
        from_kept(full, DARTS)


def test_counts() -> None:
    assert V2.count("skip_connect") == 5
    assert V2.count("skip_connect", "normal") == 2
    assert V2.count("max_pool_3x3", "reduce") == 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "is no genotype"),
        ("DARTS_V3", "is no published cell, and no genotype; did you mean 'DARTS_V"),
        ("beta-darts", "names no cell as its own"),
        (V2_TEXT[:-40], "cannot be read as Python"),
        ("Genotype(", "cannot be read as Python"),
        (V2_TEXT.replace("skip_connect", "skip_conect"), "pair 6 of the normal cell .into node 4. "
         "names 'skip_conect', which is no operation; did you mean 'skip_connect'"),
        (V2_TEXT.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)"),
         "pair 8 of the normal cell .into node 5. comes from 5; a source is a node before it"),
        (V2_TEXT.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)"),
         "both edges into node 5 of the normal cell come from node 0"),
        (V2_TEXT.replace("('dil_conv_3x3', 2)", "'dil_conv_3x3'"), "pair 8 of the normal cell"),
        (V2_TEXT.replace(", ('dil_conv_3x3', 2)", ""), "the normal cell of a genotype needs 8 "),
        (V2_TEXT.replace("reduce=", "reduced="), "has 'reduced'; its fields are normal, "),
        (V2_TEXT.replace("reduce_concat=[2, 3, 4, 5]", "reduce_concat=[1, 3]"),
         "reduce_concat is .*needs one or more of the nodes 2, 3, 4, 5"),
        (V2_TEXT.replace("reduce_concat=[2, 3, 4, 5]", "reduce_concat=range(10**9)"), "no list"),
        ("Genotype(normal=__import__('os').getcwd(), reduce=[])", "normal of this genotype is no"),
        (f"Genotype(normal={GOOD}, reduce={GOOD})", "normal of this genotype is no list"),
        ("Genotype(1, 2, 3, 4, 5)", "4 fields, not 5"),
        ('{"normal": []}', "lacks reduce"),
        ("[" * 5000, "is no genotype"),
        ("Genotype(" + "-" * 15000 + "1)", "genotype"),
        ("x" * 30000, "a text of 30,000 characters"),
        (((), ()), "compact genotype needs 8"),
        ((((0, 9),) * 8, ()), "pair 1 of the normal cell is .0, 9.; a compact genotype"),
        ({"NetworkSelectorDatasetInfo:darts:edge_normal_0": "skip_connect"},
         "1 edges enter node 2 of the normal cell"),
        (5, "5 is no genotype"),
        (None, "None is no genotype"),
    ],
    ids=range(25),
)  # fmt: skip
def test_what_is_none_is_refused_in_one_line(given: object, message: str) -> None:
    with pytest.raises(UserError, match=message) as error:
        parse(given)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 600


def test_damaged_texts_are_read_or_refused() -> None:
    random = Random(0)
    whole = [
        form
        for published in PUBLISHED.values()
        for genotype in [published.genotype]
        for form in (
            str(genotype), json.dumps(genotype.as_dict()), str(to_compact(genotype)),
            str(to_config(genotype)),
        )
    ]  # fmt: skip
    parts = ["None", "[]", "{}", "-1", "10**9", "1e999", "range(2, 6)", "'", "\\", "\0", "\ud800"]
    read = 0
    for _ in range(3000):
        text = random.choice(whole)
        for _ in range(random.choice((1, 1, 2, 5))):
            place, other = random.randrange(len(text)), random.randrange(len(text))
            middle = random.choice(("", random.choice(parts), text[other : other + 40]))
            text = text[:place] + middle + text[place + random.choice((0, 1, 30)) :]
        try:
            assert isinstance(parse(text), Genotype)
            read += 1
        except UserError as error:
            assert "\n" not in str(error)
    assert 0 < read < 2000


def test_operations_that_the_space_lacks() -> None:
    with pytest.raises(UserError, match="the normal cell has dil_conv_3x3 on the edge from 2 to 5"):
        to_kept(V2, LAYOUTS["s2"], "S2")
    with pytest.raises(UserError, match=r"in S1 this edge has skip_connect, dil_conv_3x3"):
        to_kept(V2, LAYOUTS["s1"], "S1")
    noisy = Genotype(normal=(("noise", 0), *V2.normal[1:]), reduce=V2.reduce)
    with pytest.raises(UserError, match="noise, which NAS-Bench-301 does not have"):
        to_compact(noisy)
    odd = Genotype(normal=V2.normal, reduce=V2.reduce, reduce_concat=(3, 4))
    with pytest.raises(UserError, match=r"the output of this reduce cell is nodes \[3, 4\]"):
        to_kept(odd, DARTS)
    with pytest.raises(UserError, match="NAS-Bench-301"):
        to_config(odd)


def release_rule(weights: list[list[float]], none: int | None) -> list[tuple[int, int]]:
    """DARTS' rule on the softmax of one cell, node by node: (operation, source) pairs."""
    pairs = []
    first = 0
    for node in range(2, 6):
        rows = weights[first : first + node]
        best = []
        for source, row in enumerate(rows):
            op = max((op for op in range(len(row)) if op != none), key=lambda op: (row[op], -op))
            best.append((-row[op], source, op))
        pairs += [(op, source) for _, source, op in sorted(best)[:2]]
        first += node
    return pairs


@pytest.mark.parametrize("name", ["darts", "s2", "s3", "s4"])
@pytest.mark.parametrize("partial", [False, True], ids=["darts", "pc_darts"])
def test_the_rule_is_the_releases(name: str, partial: bool) -> None:
    layout = LAYOUTS[name]
    generator = torch.Generator().manual_seed(0)
    shape = (28, len(layout.operations))
    allowed = torch.ones(shape, dtype=torch.bool)
    for trial in range(100):
        logits = torch.randn(shape, generator=generator)
        if trial % 2:  # many ties
            logits = logits.round()
        weights, edges = logits.softmax(-1), None
        if partial:
            edges = torch.rand(28, generator=generator)
            weights = weights * edges[:, None]
        kept = top_edges(logits, layout, allowed=allowed, edge_weights=edges)
        for cell, part in (("normal", weights[:14]), ("reduce", weights[14:])):
            pairs = release_rule(part.tolist(), layout.none)
            wanted: list[int | None] = [None] * 14
            for number, (op, source) in enumerate(pairs):
                wanted[EDGES.index((source, 2 + number // 2))] = op
            rows = layout.rows(cell)
            assert list(kept[rows[0] : rows[-1] + 1]) == wanted
