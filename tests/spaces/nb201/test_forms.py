"""Every common form of an architecture is understood, both ways, or refused with an example."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.spaces.nb201 import forms as nb201_forms
from naslib_edd.tables import names

INDEX = 6111
OPS = nb201.index_to_ops(INDEX)
TEXT = nb201.ops_to_str(OPS)
NAMES = [nb201.OPERATIONS[op] for op in OPS]
EDGES = dict(zip(nb201.EDGES, NAMES, strict=True))
NODES = [
    ((NAMES[0], 0),),
    ((NAMES[1], 0), (NAMES[2], 1)),
    ((NAMES[3], 0), (NAMES[4], 1), (NAMES[5], 2)),
]


class Structure:
    """What AutoDL-Projects' class of this name offers."""

    def __init__(self, nodes: list[Any]) -> None:
        self.nodes = nodes

    def tostr(self) -> str:
        return "+".join(
            "|" + "|".join(f"{op}~{at}" for op, at in node) + "|" for node in self.nodes
        )

    def __repr__(self) -> str:
        return f"Structure({len(self.nodes) + 1} nodes with {self.tostr()})"


class Graph:
    """What NASLib's graph offers."""

    def get_op_indices(self) -> list[int]:
        return list(nb201.ops_to_naslib(OPS))


FORMS: dict[str, Any] = {
    "index": INDEX,
    "a data frame's index": 6111.0,
    "NumPy's": np.int32(INDEX),
    "NumPy's float": np.float64(INDEX),
    "an array of one": np.array(INDEX),
    "typed index": " 6111 ",
    "typed float": "6111.0",
    "string": TEXT,
    "NumPy's string": np.array([TEXT])[0],
    "spaces": TEXT.replace("+", " + ").replace("|", " | "),
    "quoted": f"'{TEXT}'",
    "line end": TEXT + "\n",
    "ids": OPS,
    "list of ids": list(OPS),
    "array of ids": np.array(OPS),
    "array of whole floats": np.array(OPS, dtype=float),
    "typed ids": str(list(OPS)),
    "typed ids, bare": ",".join(map(str, OPS)),
    "names": NAMES,
    "array of names": np.array(NAMES),
    "edges": EDGES,
    "edges with ids": dict(zip(nb201.EDGES, OPS, strict=True)),
    "edges, target first": {(target, source): op for (source, target), op in EDGES.items()},
    "edges, AutoDL's names": {f"{target}<-{source}": op for (source, target), op in EDGES.items()},
    "edges, arrows": {f"{source} -> {target}": op for (source, target), op in EDGES.items()},
    "edges, as text": {str(edge): op for edge, op in EDGES.items()},
    "edges from 1": {(source + 1, target + 1): op for (source, target), op in EDGES.items()},
    "nodes": NODES,
    "nodes, as lists": [[list(pair) for pair in node] for node in NODES],
    "nodes, other order": [tuple(reversed(node)) for node in NODES],
    "Structure": Structure(NODES),
    "Structure, printed": repr(Structure(NODES)),
    "NASLib, typed": "naslib:" + ",".join(map(str, nb201.ops_to_naslib(OPS))),
    "NASLib, typed list": f"naslib: {list(nb201.ops_to_naslib(OPS))}",
    "NASLib's graph": Graph(),
}


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_it_is_the_architecture(form: str) -> None:
    assert nb201_forms.to_ops(FORMS[form]) == OPS
    assert names.index_of(FORMS[form]) == INDEX


def test_tensors() -> None:
    torch = pytest.importorskip("torch")
    assert nb201_forms.to_ops(torch.tensor(OPS)) == OPS
    assert nb201_forms.to_ops(torch.tensor(INDEX)) == OPS


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (True, "no number"),
        (np.True_, "no number"),
        (6111.5, "not a whole number"),
        (float("nan"), "not a whole number"),
        (float("inf"), "not a whole number"),
        ("6111.5", "neither an index nor an architecture string"),
        ("best", "for example 6111 or '|nor_conv_3x3~0|"),
        (None, "a NoneType is no architecture"),
        (b"6111", "operations"),
        ({1, 2, 3}, "a set is no architecture"),
        (object(), "for example 6111"),
        (3 + 0j, "a complex is no architecture"),
        ([3, 3, 3, 1, 3.5, 2], "'3.5' on edge 4 is no operation id"),
        ([3, 3, 3, 1, True, 2], "'True' on edge 4 is no operation id"),
        ([3, 3, 3, 1, None, 2], "'None' on edge 4 is no operation id"),
        ([3, 3, 3, 1, "none", 2], "ids or names, not both"),
        (["none"] * 5, "needs 6 operations, not 5"),
        (["none"] * 5 + ["conv_3x3"], "did you mean 'nor_conv_3x3'"),
        (np.zeros((6, 5)), "not nested"),
        ([], "6 operations; 0 given"),
        ("naslib:1,2", "six op indices"),
        ("naslib:0,0,0,0,0,7", "out of range"),
        ({}, "a mapping needs the edges (0, 1)"),
        ({**EDGES, (0, 4): "none"}, "a mapping needs the edges"),
        ({(0, 1): "none"}, "a mapping needs the edges"),
        ({"1->0": "none"}, "leads backwards"),
        ({"a": "none"}, "is no edge"),
        ({(s + 1, t + 1): op for (s, t), op in zip(nb201.EDGES, OPS, strict=True)}, "by name"),
        ([NODES[0], NODES[1], (("none", 0), ("none", 0), ("none", 2))], "two inputs from node 0"),
        ([NODES[0], NODES[1], (("none", 0), ("none", 1))], "a mapping needs the edges"),
        ([NODES[0], NODES[1], ("none", "none", "none")], "no (operation, source)"),
    ],
)
def test_what_is_none_is_refused_in_a_sentence(wrong: Any, says: str) -> None:
    for read in (nb201_forms.to_ops, names.index_of):
        with pytest.raises(UserError) as caught:
            read(wrong)
        assert says in str(caught.value)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_long_nonsense_gets_a_short_answer() -> None:
    for wrong in ("x" * 10**6, "|" * 10**6, list(range(10**5)), "|a~0|+" * 10**5):
        with pytest.raises(UserError) as caught:
            nb201_forms.to_ops(wrong)
        assert len(str(caught.value)) < 700


def test_back_and_forth_over_a_sample() -> None:
    for index in random.Random(0).sample(range(nb201.SIZE), 300):
        ops = nb201.index_to_ops(index)
        for form in (
            nb201_forms.to_names(ops),
            nb201_forms.to_edges(ops),
            nb201_forms.to_nodes(ops),
            Structure(nb201_forms.to_nodes(ops)),
            "naslib:" + ",".join(map(str, nb201.ops_to_naslib(ops))),
        ):
            assert nb201_forms.to_ops(form) == ops


def test_nodes_are_those_of_the_official_packages() -> None:
    nats_bench = pytest.importorskip("nats_bench")
    assert nb201_forms.to_nodes(OPS) == nats_bench.NATStopology.str2lists(TEXT)
    assert nb201_forms.to_ops(nats_bench.NATStopology.str2lists(TEXT)) == OPS
