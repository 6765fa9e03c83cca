import subprocess
import sys

import pytest

import naslib_edd.report


@pytest.mark.process
def test_importing_the_package_loads_neither_matplotlib_nor_torch():
    code = (
        "import sys, naslib_edd.report as r; assert 'matplotlib' not in sys.modules; r.report; "
        "sys.exit(int('torch' in sys.modules or 'matplotlib.pyplot' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_public_name_is_there():
    for name in naslib_edd.report.__all__:
        assert getattr(naslib_edd.report, name).__module__.startswith("naslib_edd.report.")
    assert set(naslib_edd.report.__all__) <= set(dir(naslib_edd.report))
    with pytest.raises(AttributeError, match="no attribute 'draw'"):
        naslib_edd.report.draw  # noqa: B018
