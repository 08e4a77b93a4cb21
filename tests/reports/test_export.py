import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from pomonag.errors import UserError
from reports.__main__ import main
from reports.measurements import RunKey, Value, load_runs
from tests.reports.measurement_frame import frame


@pytest.fixture
def folder(made_up, tmp_path):
    runs = made_up.every_run(seeds=2)
    odd = [Value("validity", 1 / 3, "%", 'in "words", with\na line'), Value("novelty", 1e-300, "%", "é")]
    made_up.write(tmp_path / "results", [*runs, made_up.a_record(RunKey("odd", "a", "b", "nb201", "c"), odd)])
    return tmp_path / "results"


def export(folder, path, *more):
    arguments = ["export", "--format", path.suffix[1:], "--out", str(path), "--results-dir", str(folder), *more]
    return CliRunner().invoke(main, arguments)


READ = {
    "parquet": pd.read_parquet,
    "csv": lambda path: pd.read_csv(path, dtype={"table": str}),
}


@pytest.mark.parametrize("format_name", ["parquet", "csv"])
def test_the_file_has_every_measurement_to_the_last_digit(folder, tmp_path, format_name):
    path = tmp_path / f"all.{format_name}"
    result = export(folder, path)
    expected = frame(load_runs(folder)[0]).drop(columns="run").sort_values(["cell", "seed"]).reset_index(drop=True)
    assert result.exit_code == 0
    assert f"{len(expected):,} measurements of {expected['cell'].nunique():,} cells" in result.stdout
    found = READ[format_name](path)
    pd.testing.assert_frame_equal(found, expected, check_exact=True, check_dtype=False)


def test_recomputed_values_stand_beside_the_shipped_ones(folder, made_up, tmp_path):
    made_up.write(
        tmp_path / "again", [made_up.a_record(RunKey("odd", "a", "b", "nb201", "c"), [Value("x", 2.0, "%", "p")])]
    )
    export(folder, tmp_path / "all.parquet", "--recomputed", str(tmp_path / "again"))
    table = pq.read_table(tmp_path / "all.parquet").to_pandas()
    assert table["origin"].value_counts()["recomputed here"] == 1
    assert table["origin"].iloc[-1] == "recomputed here"


def test_an_empty_folder_makes_an_empty_table(tmp_path):
    (tmp_path / "none").mkdir()
    assert "0 measurements of 0 cells" in export(tmp_path / "none", tmp_path / "all.csv").stdout
    assert (tmp_path / "all.csv").read_text().replace('"', "").startswith("table,method,")


def test_where_it_cannot_be_written_the_old_file_stays(folder, tmp_path):
    result = export(folder, tmp_path / "nowhere" / "all.csv")
    assert isinstance(result.exception, UserError)
    assert "cannot write" in str(result.exception)
