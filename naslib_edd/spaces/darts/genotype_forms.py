"""A genotype in every common form.

==============  ====================================================================================
name            of a published cell, such as ``PC_DARTS_cifar``; :mod:`.published`
text            ``Genotype(normal=[('sep_conv_3x3', 1), …], normal_concat=range(2, 6), …)``, as the
                releases print it; what stands before it (``DARTS = ``, a log's time) is passed over
JSON            an object with ``normal``, ``reduce`` and, if it likes, their ``_concat``
compact         NASLib's: of both cells eight (source, operation) pairs of numbers, `none` left out
config          NASLib's of NAS-Bench-301: ``NetworkSelectorDatasetInfo:darts:edge_normal_0`` …
object          with ``normal`` and ``reduce``: a release's namedtuple
==============  ====================================================================================

A text is parsed, never run. What fits none of them is refused; nothing is guessed.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.genotype import CONCAT, PAIRS, Genotype, Pair
from naslib_edd.spaces.darts.layout import CELLS, EDGES, INPUTS, KEEP, NODES, OPERATIONS
from naslib_edd.storage.literal import value

#: Characters of a text; a genotype has about 500.
LONGEST = 20_000
#: Operations by their number in NASLib's compact form.
COMPACT = OPERATIONS[1:]
#: How the keys of NAS-Bench-301's configs begin.
CONFIG = "NetworkSelectorDatasetInfo:darts:"
EXAMPLE = (
    "a name such as DARTS_V2, or Genotype(normal=[('sep_conv_3x3', 0), …], "
    "normal_concat=range(2, 6), reduce=[…], reduce_concat=range(2, 6))"
)
_FIELDS = ("normal", "normal_concat", "reduce", "reduce_concat")
_NAME = re.compile(r"[\w\-+β. ]{1,60}")
_BEGIN = re.compile(r"\bGenotype\s*\(")


def parse(given: Any) -> Genotype:
    """The genotype in any form.

    Raises:
        UserError: it is none; the message says what is wrong, and where.
    """
    if isinstance(given, Genotype):
        return given
    if isinstance(given, str):
        return _from_text(given)
    if isinstance(given, Mapping):
        return _from_mapping(given)
    if hasattr(given, "normal") and hasattr(given, "reduce"):
        fields = {name: getattr(given, name) for name in _FIELDS if hasattr(given, name)}
        return _from_mapping(fields)
    if isinstance(given, Sequence) and len(given) == len(CELLS):
        return from_compact(given)
    raise _refusal(given)


def to_compact(genotype: Genotype) -> tuple[tuple[tuple[int, int], ...], ...]:
    """NASLib's compact form: of each cell eight (source, operation) pairs.

    Raises:
        UserError: an operation or an output that NAS-Bench-301 does not have.
    """
    found = []
    for cell in CELLS:
        _only_nb301(genotype, cell)
        found.append(tuple((source, COMPACT.index(name)) for name, source in genotype.cell(cell)))
    return tuple(found)


def from_compact(compact: Sequence[Any]) -> Genotype:
    """Of :func:`to_compact`."""
    cells: list[tuple[Pair, ...]] = []
    for cell, pairs in zip(CELLS, compact, strict=True):
        if not isinstance(pairs, Sequence) or isinstance(pairs, str) or len(pairs) != PAIRS:
            raise UserError(
                f"the {cell} cell of a compact genotype needs {PAIRS} (source, operation) pairs, "
                f"not {value(pairs)}"
            )
        found = []
        for number, pair in enumerate(pairs):
            whole = isinstance(pair, Sequence) and len(pair) == 2 and type(pair[1]) is int
            if not whole or not 0 <= pair[1] < len(COMPACT):
                raise UserError(
                    f"pair {number + 1} of the {cell} cell is {value(pair)}; a compact genotype "
                    f"has (source, operation), the operation 0 to {len(COMPACT) - 1}"
                )
            found.append((COMPACT[pair[1]], pair[0]))
        cells.append(tuple(found))
    return Genotype(normal=cells[0], reduce=cells[1])


def to_config(genotype: Genotype) -> dict[str, str]:
    """NAS-Bench-301's configuration: each edge's operation, and each node's sources.

    Raises:
        UserError: an operation or an output that NAS-Bench-301 does not have.
    """
    found: dict[str, str] = {}
    for cell in CELLS:
        _only_nb301(genotype, cell)
        pairs = genotype.cell(cell)
        for number, (name, source) in enumerate(pairs):
            edge = EDGES.index((source, INPUTS + number // KEEP))
            found[f"{CONFIG}edge_{cell}_{edge}"] = name
        for node in range(INPUTS + 1, NODES):
            first = KEEP * (node - INPUTS)
            sources = sorted(source for _, source in pairs[first : first + KEEP])
            found[f"{CONFIG}inputs_node_{cell}_{node}"] = "_".join(map(str, sources))
    return found


def from_config(config: Mapping[Any, Any]) -> Genotype:
    """Of :func:`to_config`."""
    cells: dict[str, tuple[Pair, ...]] = {}
    for cell in CELLS:
        pairs: list[Pair] = []
        for node in range(INPUTS, NODES):
            entering = [
                (config[key], source)
                for edge, (source, target) in enumerate(EDGES)
                if target == node and (key := f"{CONFIG}edge_{cell}_{edge}") in config
            ]
            if len(entering) != KEEP:
                raise UserError(
                    f"{len(entering)} edges enter node {node} of the {cell} cell of this "
                    f"NAS-Bench-301 configuration; it needs {KEEP}"
                )
            pairs += entering
        cells[cell] = tuple(pairs)
    return Genotype(**cells)  # type: ignore[arg-type]


def _from_text(text: str) -> Genotype:
    if len(text) > LONGEST:
        raise UserError(f"a text of {len(text):,} characters is no genotype; {EXAMPLE}")
    plain = text.strip().strip("'\"")
    begin = _BEGIN.search(plain)
    if begin:
        return _from_call(plain[begin.start() :])
    if plain.startswith("{"):
        try:
            return _from_mapping(json.loads(plain))
        except (ValueError, RecursionError):
            return _from_literal(plain)
    if plain.startswith(("(", "[")):
        return _from_literal(plain)
    if plain and _NAME.fullmatch(plain):
        from naslib_edd.spaces.darts.published import named

        return named(plain)
    raise _refusal(text)


def _from_literal(text: str) -> Genotype:
    try:
        found = ast.literal_eval(_tree(text))
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise _refusal(text) from None
    return parse(found) if isinstance(found, Mapping | list | tuple) else _refuse(text)


def _from_call(text: str) -> Genotype:
    try:
        node = _tree(text[: text.rfind(")") + 1])
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        place = f" (column {error.offset})" if isinstance(error, SyntaxError) else ""
        raise UserError(
            f"{value(text)} is no genotype: it cannot be read as Python{place}; give it whole, in "
            "quotes"
        ) from None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise _refusal(text)
    if len(node.args) > len(_FIELDS):
        raise UserError(f"a genotype has {len(_FIELDS)} fields, not {len(node.args)}")
    given = dict(zip(_FIELDS, node.args, strict=False))
    for keyword in node.keywords:
        if keyword.arg in given:
            raise UserError(f"this genotype gives {keyword.arg} twice")
        given[str(keyword.arg)] = keyword.value
    return _from_mapping({name: _plain(name, part) for name, part in given.items()})


def _tree(text: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd escapes and literals
        return ast.parse(text, mode="eval").body


def _plain(name: str, node: ast.expr) -> Any:
    """A list, a tuple, or ``range(first, end)``."""
    try:
        if isinstance(node, ast.Call):
            if not isinstance(node.func, ast.Name) or node.func.id != "range" or node.keywords:
                raise ValueError
            limits = [ast.literal_eval(argument) for argument in node.args]
            if not all(type(limit) is int and 0 <= limit <= NODES for limit in limits):
                raise ValueError
            return list(range(*limits))
        return ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError):
        raise UserError(f"{name} of this genotype is no list of plain values") from None


def _from_mapping(given: Mapping[Any, Any]) -> Genotype:
    if any(isinstance(key, str) and key.startswith(CONFIG) for key in given):
        return from_config(given)
    unknown = [key for key in given if key not in _FIELDS]
    missing = [name for name in CELLS if name not in given]
    if unknown or missing:
        what = f"has {value(unknown[0])}" if unknown else f"lacks {missing[0]}"
        raise UserError(f"this genotype {what}; its fields are {', '.join(_FIELDS)}")
    fields: dict[str, Any] = {}
    for cell in CELLS:
        pairs = given[cell]
        if isinstance(pairs, list | tuple):
            pairs = _flat(pairs)
            pairs = tuple(tuple(pair) if isinstance(pair, list) else pair for pair in pairs)
        fields[cell] = pairs
        concat = given.get(f"{cell}_concat", CONCAT)
        fields[f"{cell}_concat"] = tuple(concat) if isinstance(concat, list | range) else concat
    return Genotype(**fields)


def _flat(pairs: Sequence[Any]) -> Sequence[Any]:
    """Pairs that a text groups by node (as some re-implementations do) in one row."""
    grouped = len(pairs) == PAIRS // KEEP and all(
        isinstance(node, list | tuple) and len(node) == KEEP for node in pairs
    )
    inner = [pair for node in pairs for pair in node] if grouped else []
    return inner if grouped and all(isinstance(pair, list | tuple) for pair in inner) else pairs


def _only_nb301(genotype: Genotype, cell: str) -> None:
    for name, _ in genotype.cell(cell):
        if name not in COMPACT:
            raise UserError(f"the {cell} cell has {name}, which NAS-Bench-301 does not have")
    if set(genotype.concat(cell)) != set(CONCAT):
        raise UserError(
            f"the output of the {cell} cell is nodes {list(genotype.concat(cell))}; in "
            f"NAS-Bench-301 it is {list(CONCAT)}"
        )


def _refuse(given: Any) -> Genotype:
    raise _refusal(given)


def _refusal(given: Any) -> UserError:
    return UserError(f"{value(given)} is no genotype; give {EXAMPLE}")
