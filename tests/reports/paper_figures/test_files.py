import subprocess
import sys

from reports.evidence import Evidence
from reports.paper_figures.files import write_figures


def test_each_figure_is_a_file_and_each_picture_too(tmp_path, made_up):
    runs = [r for r in made_up.every_run() if r.key.method == "pomonag" and r.key.dataset == "cifar10"]
    paths = write_figures(Evidence(runs), tmp_path, "svg")
    names = {str(path.relative_to(tmp_path)) for path in paths}
    assert {f"figure{number}.svg" for number in range(1, 5)} <= names
    assert "panels/figure3-nb201-cifar10-latency.svg" in names
    assert "panels/figure2-nb201-params.svg" in names
    assert "panels/figure2-mbv3-macs.svg" in names
    # No run of MobileNetV3 is among these.
    assert not any("mbv3" in name for name in names if "figure2" not in name)
    assert all(path.stat().st_size > 1000 for path in paths)


def test_the_command_refuses_another_format(tmp_path):
    command = [sys.executable, "-m", "reports", "figures", "--format", "png", "--out", str(tmp_path)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "'svg', 'pdf'" in answer.stderr
