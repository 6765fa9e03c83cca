"""NAS-Bench-301: what its surrogate predicts for a genotype.

It predicts the validation accuracy on CIFAR-10 of the genotype's network of 32 channels and 8 cells
after 100 epochs; nothing was trained for the answer. Its package (``nasbench301``) and its models
(v1.0, of the authors) are not part of this project. The package unpickles the models: take them
from nobody else. Source: Zela et al. 2022, "Surrogate NAS Benchmarks".
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.genotype_forms import to_config
from naslib_edd.storage.paths import PathLike, is_folder, path_of

#: Names the folder of the models.
VARIABLE = "NASLIB_EDD_NB301"
#: Folders of models of accuracy, the first that is there; and the one of training time.
ACCURACY = ("xgb_v1.0", "gnn_gin_v1.0", "lgb_v1.0")
RUNTIME = "lgb_runtime_v1.0"
#: In which the authors' archive, or their package's downloader, has them.
_INNER = ("nb_models_1.0", "nb_models")


class Prediction(NamedTuple):
    """What the surrogate says.

    Attributes:
        accuracy: on validation images, %.
        seconds: of training; None where the model of it is not there.
        model: the folder's name of the accuracy's model.
    """

    accuracy: float
    seconds: float | None
    model: str


def predict(genotype: Genotype, models: PathLike | None = None) -> Prediction:
    """The mean prediction, without noise: the same genotype gives the same numbers.

    Args:
        genotype: without ``none`` and ``noise``.
        models: the folder of the models; by default what ``NASLIB_EDD_NB301`` names.

    Raises:
        UserError: the package or the models are not there or cannot be read, or NAS-Bench-301
            does not have the genotype.
    """
    config = to_config(genotype)
    folder = _folder(models)
    name = next((each for each in ACCURACY if is_folder(folder / each)), None)
    if name is None:
        raise UserError(
            f"{folder} holds no model of NAS-Bench-301; it needs the folder {ACCURACY[0]} of the "
            "authors' v1.0 models"
        )
    package = _package()
    accuracy = _ask(package, folder / name, config)
    runtime = folder / RUNTIME
    seconds = _ask(package, runtime, config) if is_folder(runtime) else None
    return Prediction(accuracy=accuracy, seconds=seconds, model=name)


def _folder(given: PathLike | None) -> Path:
    named = given if given is not None else os.environ.get(VARIABLE)
    if not named:
        raise UserError(
            "NAS-Bench-301's models are not here: unpack the authors' v1.0 models and name their "
            f"folder by {VARIABLE} or --nb301 FOLDER"
        )
    folder = path_of(named, "the folder of NAS-Bench-301's models")
    if not is_folder(folder):
        raise UserError(f"there is no folder {folder} of NAS-Bench-301's models")
    inner = (folder / name for name in _INNER)
    return next((each for each in inner if is_folder(each)), folder)


def _package() -> Any:
    try:
        return import_module("nasbench301")
    except ImportError as error:
        raise UserError(
            f"NAS-Bench-301's surrogate cannot be imported ({error}); pip install "
            "'naslib-edd[nb301]', and what its package asks for"
        ) from None


def _ask(package: Any, folder: Path, config: dict[str, str]) -> float:
    try:
        model = package.load_ensemble(str(folder))
        return float(model.predict(config=config, representation="configspace", with_noise=False))
    except Exception as error:  # whatever the package and its libraries raise
        raise UserError(
            f"the model {folder} of NAS-Bench-301 gives no answer: {type(error).__name__}: {error}"
        ) from error
