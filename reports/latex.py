"""A table of the paper as LaTeX: booktabs, graphicx, ASCII except for letters; to be taken in with `\\input`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reports.layouts.layout import PaperEntry, PaperTable, Row, grouping

# From here on a table has columns enough: what stands in a place is stacked in lines, not set side by side.
STACKED_FROM = 3
# A longer table is set smaller, to stay on its page.
LONG = 40
SIDES = ("Paper", "Ours", "Verdict")
_SUPERSCRIPTS = {ord(above): plain for above, plain in zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")}
# A mark for "nothing", between signs that LaTeX would draw as one (two hyphens as a dash).
_APART = "\0"
_ESCAPES = str.maketrans(
    {
        _APART: "{}",
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        **{special: f"\\{special}" for special in "&%$#_{}"},
        "±": r"$\pm$",
        "≥": r"$\geq$",
        "≤": r"$\leq$",
        "×": r"$\times$",
        "÷": r"$\div$",
        "·": r"$\cdot$",
        "−": "$-$",
        "↑": r"$\uparrow$",
        "↓": r"$\downarrow$",
        "→": r"$\rightarrow$",
        "–": r"\textendash{}",
        "—": r"\textemdash{}",
        "…": r"\ldots{}",
    }
)


def escape(text: str) -> str:
    r"""Text as LaTeX that prints it in one line; letters and signs that are not listed above stay as they are.

    >>> escape("50 % & 0.1 ± 0.2, 1 × 10⁻⁴")
    '50 \\% \\& 0.1 $\\pm$ 0.2, 1 $\\times$ 10$^{-4}$'
    """
    one_line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    apart = re.sub(r"([-'`!?,])(?=[-'`,])", rf"\1{_APART}", one_line)
    powers = re.split(r"([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", apart)
    return "".join(
        f"$^{{{part.translate(_SUPERSCRIPTS)}}}$" if place % 2 else part.translate(_ESCAPES)
        for place, part in enumerate(powers)
    )


def latex_table(table: PaperTable) -> str:
    """A floating table with caption and label. It is shrunk to the width of the line where it is wider.

    Citations and other remarks are left out: a paper has its own.
    """
    paper = f" (Table {table.name} of the paper)" if table.name.isdigit() else ""
    stacked = table.judged and len(table.columns) >= STACKED_FROM
    reading = "In each place: the paper's number, ours (mean ± 95 % interval), the verdict. " if stacked else ""
    title = table.title[0].upper() + table.title[1:]
    side_by_side = table.judged and not stacked
    columns = len(table.stubs) + len(table.columns) * (len(SIDES) if side_by_side else 1)
    lines = [
        "% Needs \\usepackage{booktabs,graphicx}.",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{escape(f'{title}{paper}. {reading}{table.caption}')}}}",
        f"\\label{{tab:paper-{table.id}}}",
        "\\smallskip",
        "\\scriptsize" if len(table.rows) > LONG else "\\footnotesize",
        "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%",
        f"\\begin{{tabular}}{{{'l' * columns}}}",
        "\\toprule",
        *_head(table, side_by_side),
        "\\midrule",
    ]
    for number, row in enumerate(table.rows):
        if number and row.stubs[0].span > 1:
            lines.append("\\midrule")
        elif number and stacked:
            lines.append("\\addlinespace")
        lines += [_line(cells) for cells in _cells(row, stacked, side_by_side)]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}}", "\\end{table}", ""])


def _head(table: PaperTable, side_by_side: bool) -> list[str]:
    """Up to three lines of headings: shared ones, the columns' own, and what stands side by side in a column."""
    width = len(SIDES) if side_by_side else 1
    stubs = len(table.stubs)
    lines = []
    if table.grouped:
        below = [(group, count * width) for group, count in grouping(table.columns)]
        lines += _spanning(grouping(table.stubs) + below)
    own = [(column.label, width) for column in table.columns]
    labels = [(stub.label, 1) for stub in table.stubs]
    if not side_by_side:
        return [*lines, _line([_cell(label) for label, _ in labels + own])]
    return [
        *lines,
        *_spanning([("", 1)] * stubs + own),
        _line([*(_cell(label) for label, _ in labels), *SIDES * len(own)]),
    ]


def _spanning(headings: Sequence[tuple[str, int]]) -> list[str]:
    """A line of headings with rules below those that span columns."""
    cells, rules, first = [], [], 1
    for text, span in headings:
        if text and span > 1:
            cells.append(f"\\multicolumn{{{span}}}{{c}}{{{escape(text)}}}")
            rules.append(f"\\cmidrule(lr){{{first}-{first + span - 1}}}")
        else:
            cells += [_cell(text), *[""] * (span - 1)]
        first += span
    return [_line(cells), *([" ".join(rules)] if rules else [])]


def _cells(row: Row, stacked: bool, side_by_side: bool) -> list[list[str]]:
    """A row's lines, each a cell a column: the paper's numbers, ours where there are any, verdicts."""
    labels = [_cell(stub.label) if stub.span else "" for stub in row.stubs]
    parts = [
        (_cell(e.paper), _cell(ours_text(e)), f"{{\\scriptsize {escape(verdict_text(e))}}}")
        if isinstance(e, PaperEntry)
        else (_cell(e.text), "", "")
        for e in row.entries
    ]
    if side_by_side:
        return [[*labels, *(text for part in parts for text in part)]]
    paper, ours, verdicts = map(list, zip(*parts))
    if not stacked:
        return [[*labels, *paper]]
    blank = [""] * (len(labels) - 1)
    lines = [[*blank, "\\quad ours", *ours]] if any(ours) else []
    return [[*labels, *paper], *lines, *([[*blank, "\\quad verdict", *verdicts]] if any(verdicts) else [])]


def ours_text(entry: PaperEntry) -> str:
    """Our value with its number of seeds; empty where there is none."""
    return f"{entry.ours}, {entry.seeds}" if entry.seeds else entry.ours


def verdict_text(entry: PaperEntry) -> str:
    """The verdict's name, and whether it is fragile."""
    return f"{entry.word} (fragile)" if entry.fragile else entry.word


def _cell(text: str) -> str:
    """A cell; one that begins like an argument of the line break or rule before it is kept from being one."""
    escaped = escape(text)
    return "{}" + escaped if escaped.startswith(("[", "*")) else escaped


def _line(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"
