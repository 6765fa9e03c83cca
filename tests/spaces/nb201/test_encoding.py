"""The NB201 space: four names of an architecture, all 15,625 of them, and messages about typos."""

from __future__ import annotations

import itertools
import random
import re

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.spaces.nb201.forms import to_ops

#: Rows that the benchmark's own generator, its examples and its optima name; short: conv3 for
#: nor_conv_3x3, and so on.
ROWS = {
    0: "|pool~0|+|conv1~0|skip~1|+|conv1~0|skip~1|skip~2|",
    1: "|conv3~0|+|conv3~0|pool~1|+|skip~0|conv3~1|skip~2|",
    2: "|pool~0|+|conv3~0|conv3~1|+|pool~0|pool~1|pool~2|",
    9: "|pool~0|+|none~0|none~1|+|skip~0|none~1|conv3~2|",
    123: "|pool~0|+|pool~0|conv1~1|+|none~0|pool~1|conv3~2|",
    1835: "|skip~0|+|skip~0|skip~1|+|skip~0|skip~1|skip~2|",
    6111: "|conv3~0|+|conv3~0|conv3~1|+|skip~0|conv3~1|conv1~2|",
}
LONG = {
    "conv3": "nor_conv_3x3",
    "conv1": "nor_conv_1x1",
    "pool": "avg_pool_3x3",
    "skip": "skip_connect",
}


def full(short: str) -> str:
    return re.sub(r"[a-z]+\d?(?=~)", lambda match: LONG.get(match[0], match[0]), short)


BEST = full(ROWS[6111])


@pytest.fixture(scope="module")
def every_ops() -> list[nb201.Ops]:
    return [tuple(ops) for ops in nb201.all_ops().tolist()]


def test_space_is_every_combination_once() -> None:
    table = nb201.all_ops()
    assert table.shape == (nb201.SIZE, 6) == (15625, 6)
    assert len(np.unique(table, axis=0)) == nb201.SIZE
    assert table.min() == 0 and table.max() == 4
    with pytest.raises(ValueError, match="read-only"):
        table[0, 0] = 1


@pytest.mark.parametrize(("index", "text"), ROWS.items())
def test_known_rows(index: int, text: str) -> None:
    assert nb201.ops_to_str(nb201.index_to_ops(index)) == full(text)
    assert nb201.ops_to_index(nb201.str_to_ops(full(text))) == index


def test_round_trips_over_the_whole_space(every_ops: list[nb201.Ops]) -> None:
    for index, ops in enumerate(every_ops):
        assert nb201.index_to_ops(index) == ops
        assert nb201.ops_to_index(ops) == index
        assert nb201.str_to_ops(nb201.ops_to_str(ops)) == ops
        assert nb201.naslib_to_ops(nb201.ops_to_naslib(ops)) == ops
    assert len({nb201.ops_to_str(ops) for ops in every_ops}) == nb201.SIZE
    assert len({nb201.ops_to_naslib(ops) for ops in every_ops}) == nb201.SIZE


def test_strings_mean_what_the_official_package_reads(every_ops: list[nb201.Ops]) -> None:
    api = pytest.importorskip("nas_201_api").NASBench201API
    for ops in every_ops[::7]:
        nodes = api.str2lists(nb201.ops_to_str(ops))
        edges = {
            (source, target): name
            for target, node in enumerate(nodes, start=1)
            for name, source in node
        }
        assert edges == {
            edge: nb201.OPERATIONS[op] for edge, op in zip(nb201.EDGES, ops, strict=True)
        }


def test_naslib_order_by_hand() -> None:
    # NASLib's edges are (1,2) (1,3) (1,4) (2,3) (2,4) (3,4); its ids: skip 0, none 1, conv3 2,
    # conv1 3, pool 4.
    ops = nb201.str_to_ops(full("|conv3~0|+|none~0|skip~1|+|pool~0|conv1~1|none~2|"))
    assert nb201.ops_to_naslib(ops) == (2, 1, 4, 0, 3, 1)


def test_to_ops_takes_every_name() -> None:
    ops = nb201.index_to_ops(6111)
    for name in (6111, "6111", " 6111 ", np.int64(6111), BEST, f" {BEST}\n", ops, list(ops)):
        assert to_ops(name) == ops
    assert to_ops(np.array(ops)) == ops


def test_unique_names(every_ops: list[nb201.Ops]) -> None:
    assert len({nb201.unique_str(ops) for ops in every_ops}) == 6466


def test_unique_names_group_as_the_official_package_does(every_ops: list[nb201.Ops]) -> None:
    genotypes = pytest.importorskip("nats_bench.genotype_utils")
    pairs = set()
    for ops in every_ops:
        structure = genotypes.topology_str2structure(nb201.ops_to_str(ops))
        pairs.add((nb201.unique_str(ops), structure.to_unique_str(consider_zero=True)))
    ours, theirs = (set(names) for names in zip(*pairs, strict=True))
    # One official name for each of ours and the other way round: the same classes.
    assert len(pairs) == len(ours) == len(theirs)


def test_skip_and_none_dissolve_in_the_unique_name() -> None:
    same = [
        "|skip~0|+|none~0|conv3~1|+|none~0|none~1|skip~2|",
        "|skip~0|+|conv3~0|none~1|+|none~0|none~1|skip~2|",
        "|none~0|+|conv3~0|none~1|+|none~0|none~1|skip~2|",
        "|none~0|+|conv3~0|pool~1|+|none~0|conv1~1|skip~2|",  # nothing ever reaches node 1
    ]
    assert len({nb201.unique_str(nb201.str_to_ops(full(text))) for text in same}) == 1
    other = nb201.str_to_ops(full("|skip~0|+|conv1~0|none~1|+|none~0|none~1|skip~2|"))
    assert nb201.unique_str(other) != nb201.unique_str(nb201.str_to_ops(full(same[0])))


def test_connected() -> None:
    assert nb201.is_connected((nb201.CONV3,) * 6)
    assert not nb201.is_connected((nb201.NONE,) * 6)
    # The only way out leads through node 1, and nothing comes into node 1.
    cut = full("|none~0|+|skip~0|skip~1|+|none~0|skip~1|none~2|")
    assert not nb201.is_connected(nb201.str_to_ops(cut))
    assert nb201.is_connected((nb201.NONE,) * 3 + (nb201.SKIP,) + (nb201.NONE,) * 2)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (BEST.replace("skip_connect", "skip_conect"), "'skip_conect' in node 3; did you mean 's"),
        (BEST.replace("nor_conv_1x1", "conv_1x1"), "did you mean 'nor_conv_1x1'?"),
        (BEST.replace("nor_conv_1x1", "zzz"), "choose one of none, skip_connect"),
        (BEST.replace("nor_conv_1x1~2", "nor_conv_1x1~1"), "input 2 must name source 2"),
        (BEST.replace("nor_conv_1x1~2", "nor_conv_1x1"), "form 'operation~source'"),
        (BEST.removesuffix("|"), "must begin and end with '|'"),
        (BEST.replace("|+|skip_connect~0", ""), "has 2 nodes where NB201 has 3"),
        (BEST.replace("|nor_conv_1x1~2|", "|"), "has 2 inputs; it needs 3"),
        ("", "has 1 nodes"),
        ("15625", "index 15625 is out of range; NB201 has 0 to 15624"),
        ("-1", "index -1 is out of range"),
    ],
)
def test_typos_are_explained(text: str, says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)) as caught:
        to_ops(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("ops", "says"),
    [
        ((0, 1, 2), "has 6 operations; 3 given"),
        ((0, 1, 2, 3, 4, 5), "operation id 5 on edge 5 is out of range"),
        ((0, -1, 2, 3, 4, 0), "operation id -1 on edge 1 is out of range"),
    ],
)
def test_wrong_ids_are_explained(ops: tuple[int, ...], says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        to_ops(ops)


def test_weights_are_convolutions_on_a_path(every_ops: list[nb201.Ops]) -> None:
    def slow(ops: nb201.Ops) -> bool:
        edges = dict(zip(nb201.EDGES, ops, strict=True))
        for nodes in ((0, 3), (0, 1, 3), (0, 2, 3), (0, 1, 2, 3)):
            path = [edges[edge] for edge in itertools.pairwise(nodes)]
            if nb201.NONE not in path and {nb201.CONV1, nb201.CONV3} & set(path):
                return True
        return False

    found = [nb201.has_weights(ops) for ops in every_ops]
    assert found == [slow(ops) for ops in every_ops]
    # A collapse that counting skip and none misses, and a convolution behind a cut.
    pools = "|pool~0|+|skip~0|pool~1|+|skip~0|pool~1|skip~2|"
    cut = "|conv3~0|+|none~0|none~1|+|skip~0|none~1|conv3~2|"
    assert not nb201.has_weights(nb201.str_to_ops(full(pools)))
    assert not nb201.has_weights(nb201.str_to_ops(full(cut)))
    assert nb201.has_weights(nb201.str_to_ops(BEST))


def test_the_order_is_that_of_pythons_shuffle() -> None:
    order = list(itertools.product(range(5), repeat=6))
    random.Random(88).shuffle(order)
    np.testing.assert_array_equal(nb201.all_ops(), np.array(order))
