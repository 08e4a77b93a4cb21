import csv
import io
import itertools
import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from pomonag.errors import UserError
from reports import paper_numbers
from reports.__main__ import main
from reports.flat_measurements import COLUMNS
from reports.measurement_table import measurement_table
from reports.measurements import RunKey, Value, load_runs
from reports.query import PAPER_COLUMNS, ask, open_views
from tests.reports.measurement_frame import frame


def a_run(made_up, method, value=99.0, seed=0):
    return made_up.a_record(RunKey("4", method, "fast", "nb201", "cifar10"), [Value("validity", value, "%", "p")], seed)


@pytest.fixture
def folders(made_up, tmp_path):
    made_up.write(tmp_path / "shipped", [a_run(made_up, "a", 98.0 + seed, seed) for seed in range(3)])
    made_up.write(tmp_path / "recomputed", [a_run(made_up, "a", 50.5)])
    return tmp_path / "shipped", tmp_path / "recomputed"


@pytest.fixture(params=["in memory", "from Parquet"])
def views(request, folders):
    keep = 0 if request.param == "from Parquet" else 1 << 30
    return open_views(*(measurement_table(folder, keep) for folder in folders))


def rows(connection, sql):
    return list(ask(connection, sql).rows)


def test_measurements_have_the_frames_columns_and_the_origin(views, folders):
    answer = ask(views, "SELECT * FROM measurements WHERE origin = 'shipped' ORDER BY seed")
    table = frame(load_runs(folders[0])[0]).drop(columns="run")
    assert answer.columns == tuple(table.columns) == (*COLUMNS, "origin")
    assert list(answer.rows) == list(table.itertuples(index=False, name=None))
    assert rows(views, "SELECT origin, count(*), avg(value) FROM measurements GROUP BY ALL ORDER BY ALL") == [
        ("recomputed here", 1, 50.5), ("shipped", 3, 99.0),
    ]  # fmt: skip


def test_the_paper_is_whole(views):
    numbers = paper_numbers.load()
    answer = ask(views, "SELECT * FROM paper")
    assert answer.columns == PAPER_COLUMNS
    assert list(answer.rows) == [tuple(getattr(n, name) for name in PAPER_COLUMNS) for n in numbers]
    assert rows(views, "SELECT count(*), count(ci95) FROM paper") == [
        (len(numbers), sum(n.ci95 is not None for n in numbers))
    ]


def test_many_rows_arrive_all_and_in_order(views):
    assert rows(views, "SELECT range FROM range(25000)") == [(i,) for i in range(25_000)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FORM measurements", ["line 1, column 15", "syntax error", "  SELECT * FORM measurements\n"]),
        ("SELECT *\nFROM measurements\nWHERE 'é' < wrong", ["line 3, column 13", '"wrong" not found', "^", "seed"]),
        ("SELECT table FROM paper", ["line 1, column 8", 'write the column as "table"']),
        ("SELECT * FROM papers", ['Did you mean "paper"', "paper (place, table"]),
        ("SELECT * FROM measurements WHERE value = 'high'", ["Could not convert string 'high'", "column 42"]),
        ("SELECT 1; SELECT 2", ["got 2 statements"]),
        (" ", ["got 0 statements"]),
        ("SELECT $1", ["SQL"]),
    ],
)
def test_a_mistake_is_shown_where_it_stands(views, sql, expected):
    with pytest.raises(UserError) as caught:
        ask(views, sql)
    for part in expected:
        assert part in str(caught.value)
    lines = str(caught.value).splitlines()
    for above, below in itertools.pairwise(lines):
        if below.strip() == "^":
            assert above[below.index("^")] != " "


@pytest.mark.parametrize(
    "sql",
    [
        "COPY measurements TO 'PATH'", "CREATE TABLE x AS SELECT 1", "DROP VIEW measurements", "ATTACH 'PATH' AS x",
        "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access = true", "EXPORT DATABASE 'PATH'",
        "PRAGMA version", "INSERT INTO measurements SELECT * FROM measurements", "CALL duckdb_settings()",
    ],
)  # fmt: skip
def test_only_reading_is_allowed(views, tmp_path, sql):
    with pytest.raises(UserError, match=r"expected a SELECT\. Results are read here, never written"):
        ask(views, sql.replace("PATH", str(tmp_path / "new")))
    assert not (tmp_path / "new").exists()
    assert rows(views, "SELECT count(*) FROM measurements") == [(4,)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('PATH')", "SELECT * FROM read_text('PATH')", "SELECT * FROM 'PATH'",
        "SELECT * FROM glob('FOLDER/*')", "SELECT * FROM read_blob('FOLDER/**')",
        "EXPLAIN ANALYZE SELECT * FROM read_csv('PATH')",
    ],
)  # fmt: skip
def test_no_file_can_be_read(views, tmp_path, sql):
    secret = tmp_path / "secret.csv"
    secret.write_text("a\nhidden\n")
    with pytest.raises(UserError, match="Files cannot be read or written here"):
        rows(views, sql.replace("PATH", str(secret)).replace("FOLDER", str(tmp_path)))


def test_nothing_of_python_can_be_read(views):
    secret = [1, 2]
    with pytest.raises(UserError, match="secret does not exist"):
        ask(views, "SELECT * FROM secret")
    assert secret


def test_no_progress_is_drawn_into_the_answer(views):
    assert rows(views, "SELECT current_setting('enable_progress_bar')") == [(False,)]


INTERRUPTED = """
import os, signal, sys, threading
from pathlib import Path
from reports.measurement_table import measurement_table
from reports.query import ask, open_views

# A shell's background jobs start with Ctrl-C ignored, and so would this question if the tests run in one.
signal.signal(signal.SIGINT, signal.default_int_handler)
views = open_views(measurement_table(Path(sys.argv[1])))
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    ask(views, "SELECT count(*) FROM range(100000000000) a, measurements")
except KeyboardInterrupt:
    print("stopped")
"""


def test_ctrl_c_stops_a_long_question(folders):
    run = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(folders[0])], capture_output=True, text=True, timeout=120, check=True
    )
    assert run.stdout == "stopped\n"


def invoke(*arguments, **more):
    return CliRunner().invoke(main, ["query", *map(str, arguments)], **more)


def test_the_command_answers_in_every_format(folders):
    sql = "SELECT seed, value, 'x|y' AS mark FROM measurements WHERE origin = 'shipped' ORDER BY seed"
    asked = (sql, "--results-dir", folders[0], "--recomputed", folders[1], "--format")
    assert [line.split() for line in invoke(*asked, "table").stdout.splitlines()] == [
        ["seed", "value", "mark"], ["0", "98", "x|y"], ["1", "99", "x|y"], ["2", "100", "x|y"],
    ]  # fmt: skip
    assert list(csv.reader(io.StringIO(invoke(*asked, "csv").stdout)))[1] == ["0", "98.0", "x|y"]
    assert json.loads(invoke(*asked, "json").stdout)[2] == {"seed": 2, "value": 100.0, "mark": "x|y"}
    assert invoke(*asked, "markdown").stdout.splitlines()[2] == "| 0 | 98 | x\\|y |"


def test_the_command_reads_sql_from_standard_input_and_names_damage(folders):
    (folders[0] / "zz.jsonl").write_text("torn\n")
    result = invoke("-", "--results-dir", folders[0], input="SELECT count(*) AS n FROM measurements")
    assert result.stdout.split() == ["n", "3"]
    assert "set aside: zz.jsonl:1: foreign line" in result.stderr


def test_the_command_ends_with_2_and_no_traceback(tmp_path):
    for arguments in (["SELECT * FORM paper"], ["SELECT 1", "--results-dir", str(tmp_path / "none")]):
        run = subprocess.run(
            [sys.executable, "-m", "reports", "query", *arguments], capture_output=True, text=True, check=False
        )
        assert run.returncode == 2
        assert "Traceback" not in run.stderr
        assert "column 15" in run.stderr or "does not exist" in run.stderr


def test_a_reader_that_has_enough_is_no_error(folders):
    command = f"{sys.executable} -m reports query 'SELECT * FROM range(1000000)' --format csv | head -1"
    run = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr, run.returncode) == ("range\n", "", 0)
