"""Named arrays of a table, each made when it is first asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

from naslib_edd.tables.columns import Array


class ReadOnce(Mapping[str, Array], ABC):
    """Arrays by name, read-only, kept once they are made; a subclass says which and how."""

    def _begin(self, names: tuple[str, ...]) -> None:
        """Take the names that there are, with none of their arrays read yet."""
        self._names = names
        self._read: dict[str, Array] = {}

    @abstractmethod
    def _array(self, name: str) -> Array:
        """The array of one of the names, made anew."""

    def __getitem__(self, name: str) -> Array:
        if name not in self._read:
            if name not in self._names:
                raise KeyError(name)
            array = self._array(name)
            array.flags.writeable = False
            self._read[name] = array
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)
