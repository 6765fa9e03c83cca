"""NASLib's Trainer with what it lacks: our data, a record an epoch, a history that survives.

The optimizers do without it: they work under NASLib's own Trainer, too.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from naslib_edd.engine.console import EpochLines
from naslib_edd.plugin import naslib_data, saving
from naslib_edd.plugin.adapter import Adapter
from naslib_edd.plugin.host_trainer import put_right
from naslib_edd.plugin.queues import Queues
from naslib_edd.plugin.recorder import Recorder
from naslib_edd.storage.files import write_text

#: What an epoch adds to the trajectory in errors.json.
_PER_EPOCH = ("train_acc", "train_loss", "valid_acc", "valid_loss", "runtime")
#: What NASLib leaves out of errors.json with ``lightweight_output``.
_LEFT_OUT = ("arch_eval", "train_loss", "valid_loss", "test_loss")


class _Stopped(Exception):
    """A stage has ended the search before its last epoch."""


def trainer_class(base: type[Any]) -> type[Any]:
    """Our subclass of NASLib's ``Trainer``."""

    class EDDTrainer(base):  # type: ignore[misc]
        """See the module. The arguments after the config are ours."""

        def __init__(
            self,
            optimizer: Any,
            config: Any,
            *,
            recorder: Recorder,
            queues: Queues | None,
            lines: EpochLines,
            noted: Mapping[str, Any],
        ) -> None:
            super().__init__(optimizer, config)
            self.noted = noted
            if isinstance(optimizer, Adapter):
                self.epochs += optimizer.stages.extra_epochs
            self.recorder, self.queues, self.lines = recorder, queues, lines

        def search(self, resume_from: str = "", **options: Any) -> None:
            """NASLib's search; a row is written after each epoch."""
            try:
                super().search(resume_from=resume_from, after_epoch=self._after_epoch, **options)
            except _Stopped:
                self.optimizer.after_training()

        def build_search_dataloaders(self, config: Any) -> Any:
            """Ours, unless the config asked for NASLib's."""
            if self.queues is not None:
                return self.queues.train, self.queues.val, None
            try:
                train, val, test = super().build_search_dataloaders(config)
            except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
                raise naslib_data.unreadable(config.data, error) from error
            self.recorder.images = {"train": len(train.sampler), "val": len(val.sampler)}
            if isinstance(self.optimizer, Adapter):
                self.optimizer.steps = len(train)
            return train, val, test

        def _setup_checkpointers(
            self, resume_from: str = "", search: bool = True, period: int = 1, **more: Any
        ) -> int:
            start: int = super()._setup_checkpointers(resume_from, search, period, **more)
            if search:
                saving.make_safe(self.periodic_checkpointer.checkpointer, self.noted)
            if search and start:
                self._restore(start)
            return start

        def _restore(self, start: int) -> None:
            """After a checkpoint was read: errors.json and the record, up to there."""
            before = _read(Path(self.config.save) / "errors.json")
            for key in _PER_EPOCH:
                self.search_trajectory[key][:] = before.get(key, [])[:start]
            if isinstance(self.optimizer, Adapter):
                self.recorder.check_record(self.optimizer.history)
            else:
                self.recorder.rows[:] = before.get("arch_eval", [])[:start]
            if self.queues is not None:
                self.queues.epoch = start
            self.recorder.catch_up(self.search_trajectory)
            if isinstance(self.optimizer, Adapter):
                put_right(self, self.optimizer, start)  # the checkpoint has the epochs that lack
            self._log_to_json()
            self._stop_if_done()

        def _after_epoch(self, _: int) -> None:
            for row in self.recorder.catch_up(self.search_trajectory):
                if isinstance(self.optimizer, Adapter):
                    self.lines.show(row)
            self._log_to_json()
            self._stop_if_done()

        def _log_to_json(self) -> None:
            """errors.json, whole or as it was: NASLib's own way leaves it cut on a full disk."""
            told: Any = self.search_trajectory
            if self.lightweight_output:
                kept = {key: values for key, values in told.items() if key not in _LEFT_OUT}
                told = [self.config, kept]
            text = json.dumps(told, separators=(",", ":"))
            write_text(Path(self.config.save) / "errors.json", text)

        def _stop_if_done(self) -> None:
            if isinstance(self.optimizer, Adapter) and self.optimizer.stages.stopped:
                raise _Stopped

    return EDDTrainer


def _read(file: Path) -> dict[str, Any]:
    """The curves so far, of NASLib's errors.json; none where it is missing or damaged."""
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(held, dict) or any(not isinstance(held.get(k, []), list) for k in _PER_EPOCH):
        return {}
    return held
