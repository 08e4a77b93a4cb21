from reports.paper_figures.figure_cells import figure_cells


def test_every_picture_of_the_paper_is_a_cell_once():
    cells = figure_cells()
    assert len({cell.id for cell in cells}) == len({cell.cell.id for cell in cells}) == len(cells) == 99
    assert sum(cell.panel is not None for cell in cells) == 90
    assert all(cell.id.startswith(cell.cell.table) for cell in cells)
