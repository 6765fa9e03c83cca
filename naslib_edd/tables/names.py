"""Architecture strings by their parts: a query looks the parts up instead of parsing a string."""

from __future__ import annotations

import itertools
from functools import cache

from naslib_edd.spaces.nb201 import encoding as nb201
from naslib_edd.spaces.nb201.forms import to_ops


@cache
def _parts() -> tuple[dict[nb201.Ops, str], dict[str, nb201.Ops]]:
    """Operations into one node -> its part of the string, and back: 5 + 25 + 125 of each."""
    texts = {}
    for node in range(1, nb201.NODES):
        before, after = node * (node - 1) // 2, len(nb201.EDGES) - node * (node + 1) // 2
        for ops in itertools.product(range(len(nb201.OPERATIONS)), repeat=node):
            whole = (nb201.NONE,) * before + ops + (nb201.NONE,) * after
            texts[ops] = nb201.ops_to_str(whole).split("+")[node - 1]
    return texts, {text: ops for ops, text in texts.items()}


def ops_at(index: int) -> nb201.Ops:
    """Operation ids of a row; the index is not checked."""
    return tuple(nb201.all_ops()[index].tolist())


def str_of(ops: nb201.Ops) -> str:
    """The architecture string; the ids are not checked."""
    texts, _ = _parts()
    return f"{texts[ops[:1]]}+{texts[ops[1:3]]}+{texts[ops[3:]]}"


def index_of(arch: nb201.Arch) -> int:
    """The index of an architecture named in any way.

    Raises:
        UserError: it is not one of NB201's; the message says what is wrong.
    """
    if isinstance(arch, str):
        _, known = _parts()
        nodes = [known.get(part) for part in arch.split("+")]
        if [node and len(node) for node in nodes] == [1, 2, 3]:
            return nb201.ops_to_index([op for node in nodes if node for op in node])
    elif type(arch) is int and 0 <= arch < nb201.SIZE:
        return arch
    elif type(arch) is tuple and len(arch) == len(nb201.EDGES) and type(arch[0]) is int:
        return nb201.ops_to_index(arch)
    # Anything else that is right, and everything that is wrong.
    return nb201.ops_to_index(to_ops(arch))
