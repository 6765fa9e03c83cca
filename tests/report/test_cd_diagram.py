import pytest

from naslib_edd.report.cd_diagram import cd_diagram
from naslib_edd.report.friedman import friedman
from naslib_edd.report.style import house_style


@pytest.mark.parametrize("k", [3, 40])
def test_every_method_has_its_line_and_rank(k):
    found = friedman([[float(place), float(place) + 0.5] for place in range(k)])
    with house_style():
        figure = cd_diagram(found, [f"method$ {place}" for place in range(k)])
        figure.draw_without_rendering()
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.texts]
    assert f"1.00  method\\$ {k - 1}" not in texts  # the best stands left, its rank behind it
    assert f"method\\$ {k - 1}  1.00" in texts and f"{k:.2f}  method\\$ 0" in texts
    assert any(f"critical difference {found.critical:.2f}" in text for text in texts)
    boxes = [text.get_window_extent() for text in axes.texts if "method" in text.get_text()]
    assert len(boxes) == k
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
