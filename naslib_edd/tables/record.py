"""What one query gives: named fields, nothing to look up by position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from naslib_edd.errors import UserError, nearest
from naslib_edd.spaces.nb201 import forms as nb201_forms
from naslib_edd.spaces.nb201.collapse import warning_of
from naslib_edd.spaces.nb201.encoding import Ops, ops_to_naslib


class Score(NamedTuple):
    """One accuracy and where it stands in the table. All three are None where it is not known.

    value: accuracy in %. rank: 1 is the best of the table, ties share the better rank.
    regret: the table's best accuracy minus this one, in percentage points.
    """

    value: float | None
    rank: int | None
    regret: float | None


class DatasetRecord(NamedTuple):
    """One architecture on one data set; a field that the source lacks is None.

    params_M, flops_M: millions of parameters, millions of multiply-adds.
    train_time_s: seconds of the whole training run; for NB201's CIFAR-10 it is the run that gives
    the validation accuracy, on 25,000 images.
    """

    val: Score
    test: Score
    params_M: float | None
    flops_M: float | None
    train_time_s: float | None

    @property
    def known(self) -> bool:
        """Whether no field is None."""
        return None not in (self.val.value, self.test.value, *self[2:])


@dataclass(frozen=True, slots=True)
class Record:
    """One architecture of a table.

    Attributes:
        index: its row in NAS-Bench-201's order.
        arch_str: NAS-Bench-201's architecture string.
        ops: its six operation ids (see :mod:`naslib_edd.spaces.nb201.encoding`).
        datasets: data set name -> :class:`DatasetRecord`.
        missing: field, such as ``"cifar10.test"`` -> why it is None.
        notes: field -> what sets its value apart from the benchmark's convention.
    """

    index: int
    arch_str: str
    ops: Ops
    datasets: Mapping[str, DatasetRecord]
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def cifar10(self) -> DatasetRecord:
        """CIFAR-10: val after training on half of the training images, test after all of them."""
        return self._of("cifar10")

    @property
    def cifar100(self) -> DatasetRecord:
        """CIFAR-100."""
        return self._of("cifar100")

    @property
    def imagenet16_120(self) -> DatasetRecord:
        """ImageNet16-120."""
        return self._of("imagenet16_120")

    @property
    def names(self) -> list[str]:
        """The six operations' names, edges 1←0, 2←0, 2←1, 3←0, 3←1, 3←2."""
        return nb201_forms.to_names(self.ops)

    @property
    def edges(self) -> dict[tuple[int, int], str]:
        """(source, target) -> the operation's name."""
        return nb201_forms.to_edges(self.ops)

    @property
    def nodes(self) -> list[tuple[tuple[str, int], ...]]:
        """AutoDL's genotype, for its ``Structure(record.nodes)``."""
        return nb201_forms.to_nodes(self.ops)

    @property
    def naslib_ops(self) -> Ops:
        """NASLib's op indices, for its ``graph.set_op_indices(list(record.naslib_ops))``."""
        return ops_to_naslib(self.ops)

    @property
    def warning(self) -> str | None:
        """A sentence if nothing in the cell can be trained, else None."""
        return warning_of(self.ops)

    def as_dict(self) -> dict[str, Any]:
        """The record as plain dicts, lists and numbers, ready for ``json.dumps``."""
        datasets = {}
        for name, entry in self.datasets.items():
            fields: dict[str, Any] = entry._asdict()
            fields["val"] = entry.val._asdict()
            fields["test"] = entry.test._asdict()
            datasets[name] = fields
        return {
            "index": self.index,
            "arch_str": self.arch_str,
            "ops": list(self.ops),
            "datasets": datasets,
            "missing": dict(self.missing),
            "notes": dict(self.notes),
        }

    def _of(self, name: str) -> DatasetRecord:
        try:
            return self.datasets[name]
        except KeyError:
            raise UserError(
                f"this table says nothing about {name}{nearest(name, self.datasets)}"
            ) from None

    def __reduce__(self) -> tuple[Any, ...]:
        mappings = [dict(each) for each in (self.datasets, self.missing, self.notes)]
        return _restored, (self.index, self.arch_str, self.ops, *mappings)


def _restored(index: int, arch_str: str, ops: Ops, *mappings: dict[str, Any]) -> Record:
    """A record from its pickled parts, read-only again."""
    return Record(index, arch_str, ops, *map(MappingProxyType, mappings))
