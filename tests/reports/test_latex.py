r"""LaTeX of the tables: what is printed is what was there, rows have their columns, environments close."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reports.evidence import Evidence
from reports.judgement import Judged
from reports.latex import escape, latex_table
from reports.layouts.layout import Column, PaperEntry, PaperTable, Printed, Row, Stub, spanning
from reports.measurements import RunKey, Value
from reports.paper_cells import paper_cells
from reports.paper_tables import judged_tables
from reports.verdicts import Name, Verdict

# What LaTeX prints for each piece that may stand in a cell; all that is not here must be an ordinary character.
PRINTED = {
    r"\textbackslash{}": "\\", r"\textasciitilde{}": "~", r"\textasciicircum{}": "^", r"\textless{}": "<",
    r"\textgreater{}": ">", r"\textbar{}": "|", r"\&": "&", r"\%": "%", r"\$": "$", r"\#": "#", r"\_": "_",
    r"\{": "{", r"\}": "}", r"$\pm$": "±", r"$\geq$": "≥", r"$\leq$": "≤", r"$\times$": "×", r"$\div$": "÷",
    r"$\cdot$": "·", "$-$": "−", r"$\uparrow$": "↑", r"$\downarrow$": "↓", r"$\rightarrow$": "→", r"\ldots{}": "…",
    r"\textendash{}": "–", r"\textemdash{}": "—", "{}": "",
    # Signs that LaTeX would draw as one.
    "---": "—", "--": "–", "``": "“", "''": "”", "?`": "¿", "!`": "¡", ",,": "„",
}  # fmt: skip
SPECIAL = set("\\&%$#_{}~^")
PIECE = re.compile("|".join([r"\$\^\{([-0-9]+)\}\$", *map(re.escape, PRINTED), "."]))


def read(latex: str) -> str:
    """The text that LaTeX prints; fails on a special character that stands for itself."""
    text = ""
    for found in PIECE.finditer(latex):
        piece = found[0]
        if found[1]:
            text += found[1].translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        elif piece in PRINTED:
            text += PRINTED[piece]
        else:
            assert piece not in SPECIAL, latex
            text += piece
    return text


def one_line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


TEXT = st.text() | st.text(st.sampled_from("\\&%$#_{}~^<>|±≥≤×−–—…⁻¹²-'`!? \n0a[*,"), max_size=12)


@given(TEXT)
@example("a--b---c")
@example("50 % & 5_000 ± 0.1 #{x} ~^\\ 1 × 10⁻⁴")
@example("$\\pm$")
def test_what_is_printed_is_what_was_there(text):
    assert read(escape(text)) == one_line(text)


@given(TEXT)
def test_a_cell_ends_neither_its_row_nor_its_table(text):
    table = PaperTable("7", "t", text, (Column(text),), (Column(text),), (Row((Stub(text),), (Printed(text),)),) * 2)
    lines = rows_of(latex_table(table))
    assert [len(line) for line in lines] == [2, 2, 2]
    for line in lines:
        for cell in line:
            assert not cell.startswith(("[", "*"))
            assert read(cell) == one_line(text)


def rows_of(latex: str) -> list[list[str]]:
    r"""The cells of every line that ends with \\."""
    lines = [line.removesuffix(r" \\") for line in latex.splitlines() if line.endswith(r" \\")]
    return [re.split(r"(?<!\\) ?& ?", line) for line in lines]


def width(cells: list[str]) -> int:
    return sum(int(m[1]) if (m := re.match(r"\\multicolumn\{(\d+)\}", cell)) else 1 for cell in cells)


CELL = next(cell for cell in paper_cells() if cell.number.metric == "validity")


def test_a_small_table_to_the_letter():
    entry = PaperEntry(Judged(CELL, None, Verdict(Name.NOT_COMPARABLE, "why", fragile=True)))
    table = PaperTable(
        "4", "generation & more", "All in %.", (Column("Set"), Column("Method")),
        (Column("Validity ↑", "NB_201"), Column("Novelty", "NB_201"), Column("Other")),
        (
            Row((spanning("a", 2)[0], Stub("x")), (entry, Printed("–"), entry)),
            Row((spanning("a", 2)[1], Stub("[y]", remark="cited")), (Printed("N/A"), Printed("≥ 3"), Printed("*"))),
        ),
    )  # fmt: skip
    caption = (
        r"\caption{Generation \& more (Table 4 of the paper). In each place: the paper's number, "
        r"ours (mean $\pm$ 95 \% interval), the verdict. All in \%.}"
    )
    latex = latex_table(table)
    assert caption in latex
    assert (
        latex.replace(caption, "")
        == r"""% Needs \usepackage{booktabs,graphicx}.
\begin{table}
\centering

\label{tab:paper-table4}
\smallskip
\footnotesize
\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%
\begin{tabular}{lllll}
\toprule
 &  & \multicolumn{2}{c}{NB\_201} &  \\
\cmidrule(lr){3-4}
Set & Method & Validity $\uparrow$ & Novelty & Other \\
\midrule
a & x & 98.97 $\pm$ 0.29 & \textendash{} & 98.97 $\pm$ 0.29 \\
 & \quad verdict & {\scriptsize NOT COMPARABLE (fragile)} &  & {\scriptsize NOT COMPARABLE (fragile)} \\
\addlinespace
 & {}[y] & N/A & $\geq$ 3 & {}* \\
\bottomrule
\end{tabular}}
\end{table}
"""
    )


@pytest.fixture(scope="module")
def sources(made_up):
    key = RunKey("4", "pomonag", "fast", "nb201", "mean-over-runs")
    values = [Value(metric, 99.0, "%", "p") for metric in ("validity", "uniqueness", "novelty")]
    tables = judged_tables(Evidence([*made_up.every_run(), made_up.a_record(key, values, 7)]))
    return {table.id: latex_table(table) for table in tables}


def test_every_table_is_whole(sources):
    assert len(sources) == 10
    for name, latex in sources.items():
        assert latex.count("{") == latex.count("}"), name
        begun = re.findall(r"\\begin\{(\w+)\}", latex)
        ended = re.findall(r"\\end\{(\w+)\}", latex)
        assert begun == ended[::-1] == ["table", "tabular"]
        columns = len(re.search(r"\\begin\{tabular\}\{(l+)\}", latex)[1])
        assert {width(row) for row in rows_of(latex)} == {columns}, name
        for first, last in re.findall(r"\\cmidrule\(lr\)\{(\d+)-(\d+)\}", latex):
            assert 1 <= int(first) < int(last) <= columns
        assert latex.isascii() or set(re.findall(r"[^\x00-\x7f]", latex)) <= set("é"), name


def test_values_and_verdicts_stand_in_their_lines(sources):
    rows = rows_of(sources["table4"])
    pomonag = next(i for i, row in enumerate(rows) if row[0] == "POMONAG")
    assert rows[pomonag][2] == r"34.14 $\pm$ 17.33"
    assert rows[pomonag + 1][:1] == [r"\quad ours"]
    assert rows[pomonag + 1][2].endswith("n = 4")
    assert rows[pomonag + 2][2] == r"{\scriptsize BETTER}"
    assert any(len(row) == 8 and row[2:5] == ["4,732", "4,732 (reference), 19.08 (fast)", r"{\scriptsize SETTING}"]
               for row in rows_of(sources["text"]))  # fmt: skip


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex here; test_every_table_is_whole stands in")
def test_latex_takes_every_table(sources, tmp_path):
    for name, latex in sources.items():
        (tmp_path / f"{name}.tex").write_text(latex, encoding="utf-8")
    inputs = "\\clearpage".join(f"\\input{{{name}}}" for name in sources)
    packages = "\\documentclass{article}\\usepackage{booktabs,graphicx}"
    (tmp_path / "all.tex").write_text(f"{packages}\\begin{{document}}{inputs}\\end{{document}}")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout
