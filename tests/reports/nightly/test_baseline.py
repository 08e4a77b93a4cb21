import pyarrow
import pyarrow.parquet
import pytest

from pomonag.errors import UserError
from reports.measurements import RunKey, Value
from reports.nightly.baseline import BASELINE, read_baseline, rows_of, write_baseline


@pytest.fixture
def rows(made_up):
    key = RunKey("4", "pomonag", "fast", "nb201", "cifar10")
    values = [Value("validity", 99.0, "%", "p"), Value("generation_cpu_seconds", 2.0, "s", "p")]
    return rows_of([made_up.a_record(key, values, seed) for seed in (1, 0)])


def test_values_return_and_seconds_stay_out(rows, tmp_path):
    write_baseline(rows, tmp_path / "b.parquet")
    read = read_baseline(tmp_path / "b.parquet")
    assert list(read["seed"]) == [0, 1]
    assert set(read["unit"]) == {"%"}
    assert read_baseline(tmp_path / "none").empty


def test_the_shipped_one_is_whole():
    rows = read_baseline(BASELINE)
    assert not rows.duplicated(["cell", "config_hash", "seed"]).any()
    assert rows["value"].notna().all()


def test_damage_and_other_versions_are_refused(rows, tmp_path):
    path = tmp_path / "b.parquet"
    write_baseline(rows, path)
    table = pyarrow.parquet.read_table(path)
    for changed, message in (
        (table.drop_columns(["seed"]), "lacks the columns seed"),
        (table.replace_schema_metadata({}), "is no baseline"),
        (table.replace_schema_metadata({b"pomonag_baseline": b"9"}), "schema 9, written by a newer pomonag"),
    ):
        pyarrow.parquet.write_table(changed, path)
        with pytest.raises(UserError, match=message):
            read_baseline(path)
    path.write_bytes(b"PAR1 torn")
    with pytest.raises(UserError, match="nightly --baseline"):
        read_baseline(path)
