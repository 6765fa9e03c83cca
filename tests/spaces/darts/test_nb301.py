"""NAS-Bench-301's surrogate: how it is asked, and what is said where it is not there.

Its package and models are stood in for; the models themselves were not to be had for the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from naslib_edd.errors import UserError
from naslib_edd.spaces.darts.genotype import Genotype
from naslib_edd.spaces.darts.genotype_forms import from_config
from naslib_edd.spaces.darts.nb301 import VARIABLE, predict
from naslib_edd.spaces.darts.published import PUBLISHED

V2 = PUBLISHED["DARTS_V2"].genotype


class Package:
    """``nasbench301`` as far as it is used."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def load_ensemble(self, folder: str) -> SimpleNamespace:
        if not any(Path(folder).iterdir()):
            raise IndexError("list index out of range")  # as the package does

        def ask(**question: Any) -> float:
            self.asked.append({"folder": Path(folder).name, **question})
            return 5000.0 if "runtime" in folder else 94.5

        return SimpleNamespace(predict=ask)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> Package:
    package = Package()
    monkeypatch.setitem(sys.modules, "nasbench301", package)  # type: ignore[arg-type]
    return package


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for name in ("xgb_v1.0", "lgb_runtime_v1.0"):
        (tmp_path / "nb_models_1.0" / name).mkdir(parents=True)
        (tmp_path / "nb_models_1.0" / name / "surrogate_model.model").touch()
    return tmp_path


def test_both_models_are_asked_for_the_mean(
    package: Package, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = predict(V2, models)
    assert found == (94.5, 5000.0, "xgb_v1.0")
    assert [each["folder"] for each in package.asked] == ["xgb_v1.0", "lgb_runtime_v1.0"]
    for each in package.asked:
        assert each["representation"] == "configspace"
        assert each["with_noise"] is False
        assert from_config(each["config"]).same_cells(V2)
    monkeypatch.setenv(VARIABLE, str(models / "nb_models_1.0"))
    assert predict(V2).accuracy == 94.5
    (models / "nb_models_1.0" / "lgb_runtime_v1.0" / "surrogate_model.model").unlink()
    (models / "nb_models_1.0" / "lgb_runtime_v1.0").rmdir()
    assert predict(V2).seconds is None


def test_what_is_missing(package: Package, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(UserError, match=r"models are not here: .* NASLIB_EDD_NB301"):
        predict(V2)
    with pytest.raises(UserError, match="there is no folder"):
        predict(V2, models / "no")
    with pytest.raises(UserError, match="holds no model of NAS-Bench-301"):
        predict(V2, models / "nb_models_1.0" / "xgb_v1.0")
    noisy = Genotype(normal=(("noise", 0), *V2.normal[1:]), reduce=V2.reduce)
    with pytest.raises(UserError, match="noise, which NAS-Bench-301 does not have"):
        predict(noisy, models)
    (models / "nb_models_1.0" / "xgb_v1.0" / "surrogate_model.model").unlink()
    with pytest.raises(UserError, match="gives no answer: IndexError"):
        predict(V2, models)
    monkeypatch.setitem(sys.modules, "nasbench301", None)
    with pytest.raises(UserError, match="cannot be imported"):
        predict(V2, models)
