import pytest

from reports import number_texts


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(99.971, "%", "99.97"), (2613.4, "x", "2,613"), (0.9312, "x", "0.931"), (5.0, "architectures", "5"),
     (0.98765, "fraction", "0.988"), (12345.6, "ms", "12,346"), (0.0, "s", "0"), (0.2345, "s", "0.234")],
)  # fmt: skip
def test_number_text(value, unit, expected):
    assert number_texts.number_text(value, unit) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.234, "0.23 s"), (61.2, "61 s"), (444, "7.4 min"), (9000, "2.5 h")]
)
def test_seconds_text(seconds, expected):
    assert number_texts.seconds_text(seconds) == expected
