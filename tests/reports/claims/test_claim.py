import pytest

from pomonag.errors import UserError
from reports.claims import claim
from reports.claims.claim import COLUMNS

HEAD = ",".join(COLUMNS)
ROW = 'CL-01,4,A sentence,"validity[pomonag,nb201] > 1",2 > 1,any profile'


def test_the_listing_is_whole():
    claims = claim.load()
    assert [c.id for c in claims] == [f"CL-{number:02d}" for number in range(1, 57)]
    assert claims[0].text == "validity[pomonag,nb201] > validity[diffusionnag,nb201]"


def test_notes_say_how_a_claim_is_judged():
    claims = {c.id: c for c in claim.load()}
    assert [name for name, c in claims.items() if c.counted] == ["CL-01"]
    assert [name for name, c in claims.items() if c.paired] == ["CL-21", "CL-24", "CL-26", "CL-33"]
    assert [name for name, c in claims.items() if c.only_what_is_there] == ["CL-47"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n", "line 1: got the columns"),
        (f"{HEAD}\nCL-01,4\n", "line 2: expected 6 columns"),
        (f"{HEAD}\n{ROW},more\n", "line 2: expected 6 columns"),
        (f"{HEAD}\n{ROW}\n{ROW}\n", "line 3: the claim CL-01 is there twice"),
        (f"{HEAD}\n{ROW.replace('pomonag', 'pomonog')}\n", r"CL-01, predicate, column 10: unknown method 'pomonog'"),
    ],
)
def test_a_malformed_file_is_named_with_line_or_claim_and_column(tmp_path, content, message):
    path = tmp_path / "claims.csv"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        claim.load(path)
