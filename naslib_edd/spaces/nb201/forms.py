"""An NB201 architecture in every common form, both ways.

=================  =================================================================================
index              ``6111``, ``6111.0``, ``"6111"``, a NumPy number
string             NAS-Bench-201's, with spaces or without; also ``Structure(4 nodes with |…|)``
ids                six of ours, or their names: edges 1←0, 2←0, 2←1, 3←0, 3←1, 3←2
nodes              AutoDL's ``Structure.nodes`` and ``str2lists``: for each node its (name, source)s
edges              a mapping ``{(source, target): name}``, or ``"target<-source"``
``naslib:…``       NASLib's six op indices, by this name only (or ``nb201.naslib_to_ops``): as bare
                   numbers they would be ours
object             with ``tostr()`` (AutoDL), ``arch_str`` (our records) or ``get_op_indices()``
                   (NASLib's graph)
=================  =================================================================================

What fits none of them is refused; nothing is rounded or guessed.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from naslib_edd.errors import UserError, nearest
from naslib_edd.spaces.nb201 import encoding as nb201

_EXAMPLE = f"for example 6111 or '{nb201.EXAMPLE}'"
_NUMBER = re.compile(r"[+-]?\d+(\.0*)?")
_PRINTED = re.compile(r"\w+\(\d+nodeswith(.*)\)")
_IDS = re.compile(r"[\[(]?([0-9.]+(?:,[0-9.]+){5}),?[\])]?")
_EDGE = re.compile(r"\(?(\d)(<-|←|->|→|,)(\d)\)?")


def to_ops(arch: Any) -> nb201.Ops:
    """Operation ids of an architecture in any form.

    Raises:
        UserError: it is none, or of no form that is understood; the message shows one that is.
    """
    if isinstance(arch, str):
        return _from_text(arch)
    if isinstance(arch, np.ndarray) and arch.ndim == 0:
        arch = arch.item()
    if isinstance(arch, numbers.Real | np.bool_):
        return nb201.index_to_ops(_whole(arch))
    if isinstance(arch, Mapping):
        return _from_edges(arch)
    for name in ("arch_str", "tostr", "get_op_indices"):
        if hasattr(arch, name):
            found = getattr(arch, name)
            found = found() if callable(found) else found
            return nb201.naslib_to_ops(found) if name == "get_op_indices" else to_ops(found)
    if hasattr(arch, "ndim") and arch.ndim == 0:  # a tensor of one number
        return to_ops(arch.item())
    if isinstance(arch, Sequence | np.ndarray) or hasattr(arch, "tolist"):
        items = arch.tolist() if hasattr(arch, "tolist") else list(arch)
        return _from_items(items)
    raise _refusal(arch, f"a {type(arch).__name__} is no architecture")


def to_names(ops: Sequence[int]) -> list[str]:
    """The six operations' names, edges as in :data:`~naslib_edd.spaces.nb201.encoding.EDGES`."""
    return [nb201.OPERATIONS[op] for op in nb201.check_ops(ops)]


def to_edges(ops: Sequence[int]) -> dict[tuple[int, int], str]:
    """A mapping from (source, target) to the operation's name."""
    return dict(zip(nb201.EDGES, to_names(ops), strict=True))


def to_nodes(ops: Sequence[int]) -> list[tuple[tuple[str, int], ...]]:
    """AutoDL's genotype: ``Structure(to_nodes(ops))``; for each node its (name, source) pairs."""
    edges = to_edges(ops)
    return [
        tuple((edges[source, target], source) for source in range(target))
        for target in range(1, nb201.NODES)
    ]


def _from_text(text: str) -> nb201.Ops:
    plain = re.sub(r"\s+", "", text).strip("'\"")
    if _NUMBER.fullmatch(plain):
        return nb201.index_to_ops(int(plain.partition(".")[0]))
    if plain.lower().startswith("naslib:"):
        found = _IDS.fullmatch(plain[len("naslib:") :])
        if not found:
            raise _refusal(text, "behind 'naslib:' six op indices are needed (naslib:2,2,0,2,3,4)")
        return nb201.naslib_to_ops(_numbers(found[1]))
    ids = _IDS.fullmatch(plain)
    if ids:
        return nb201.check_ops(_numbers(ids[1]))
    printed = _PRINTED.fullmatch(plain)
    plain = printed[1] if printed else plain
    if plain and "|" not in plain:
        raise _refusal(text, "it is neither an index nor an architecture string")
    return nb201.str_to_ops(plain)


def _from_items(items: list[Any]) -> nb201.Ops:
    if len(items) == nb201.NODES - 1 and all(isinstance(node, list | tuple) for node in items):
        return _from_nodes(items)
    if items and all(isinstance(item, str) for item in items):
        if len(items) != len(nb201.EDGES):
            raise _refusal(items, f"it needs {len(nb201.EDGES)} operations, not {len(items)}")
        return tuple(_id_of(name) for name in items)
    if any(isinstance(item, list | tuple | str) for item in items):
        raise _refusal(items, "its six operations are ids or names, not both and not nested")
    return nb201.check_ops(items)


def _from_nodes(nodes: Sequence[Sequence[Any]]) -> nb201.Ops:
    edges: dict[tuple[int, int], Any] = {}
    for target, inputs in enumerate(nodes, start=1):
        for pair in inputs:
            if not isinstance(pair, list | tuple) or len(pair) != 2:
                raise _refusal(nodes, f"an input of node {target} is no (operation, source)")
            edge = (_whole(pair[1]), target)
            if edge in edges:
                raise _refusal(nodes, f"node {target} has two inputs from node {edge[0]}")
            edges[edge] = pair[0]
    return _from_edges(edges)


def _from_edges(edges: Mapping[Any, Any]) -> nb201.Ops:
    found = {_edge(key, edges): value for key, value in edges.items()}
    if found.keys() == {(source + 1, target + 1) for source, target in nb201.EDGES}:
        # NASLib counts nodes from 1; its ids would be other operations, so only names will do.
        if not all(isinstance(value, str) for value in found.values()):
            raise _refusal(edges, "with nodes counted from 1, operations are given by name")
        found = {(source - 1, target - 1): op for (source, target), op in found.items()}
    if found.keys() != set(nb201.EDGES) or len(edges) != len(found):
        raise _refusal(
            edges,
            "a mapping needs the edges "
            + ", ".join(f"({source}, {target})" for source, target in nb201.EDGES),
        )
    return tuple(
        _id_of(found[edge]) if isinstance(found[edge], str) else nb201.check_op(found[edge])
        for edge in nb201.EDGES
    )


def _edge(key: Any, edges: Any) -> tuple[int, int]:
    """(source, target); edges lead from the lower node to the higher, so the order is no matter."""
    if isinstance(key, str):
        match = _EDGE.fullmatch(re.sub(r"\s+", "", key))
        pair = (match[1], match[3]) if match else ()
        if match and (match[1] < match[3]) != (match[2] not in ("<-", "←")):
            raise _refusal(edges, f"the edge {key!r} leads backwards")
    else:
        pair = tuple(key) if isinstance(key, list | tuple) else ()
    if len(pair) != 2:
        raise _refusal(edges, f"{key!r} is no edge, like (0, 1) or '1<-0'")
    first, second = (int(each) if isinstance(each, str) else _whole(each) for each in pair)
    return min(first, second), max(first, second)


def _numbers(text: str) -> list[Any]:
    return [float(each) for each in text.split(",")]


def _id_of(name: str) -> int:
    plain = name.strip()
    if plain not in nb201.OPERATIONS:
        raise UserError(f"unknown operation {name!r}{nearest(plain, nb201.OPERATIONS)}")
    return nb201.OPERATIONS.index(plain)


def _whole(number: Any) -> int:
    if isinstance(number, bool) or not isinstance(number, numbers.Real):
        raise _refusal(number, f"a {type(number).__name__} is no number")
    if not math.isfinite(number) or number % 1:
        raise _refusal(number, "it is not a whole number")
    return math.floor(number)  # type: ignore[return-value]  # an int, of any real number


def _refusal(arch: Any, why: str) -> UserError:
    text = " ".join(repr(arch).split())
    text = text if len(text) <= 80 else f"{text[:80]}…"
    return UserError(f"{text} is no architecture that is understood: {why}; {_EXAMPLE}")
