"""An objective with a known optimum, for processes: it notes each epoch that is asked of it in a file."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

GOOD = {"optimiser": "adam", "learning_rate": 0.01}


def quality(pipeline) -> float:
    return 20.0 + sum(30.0 for name, value in GOOD.items() if getattr(pipeline, name) == value)


@dataclass(frozen=True)
class MadeUp:
    """`diverges` with AdamW; sleeps `pause` seconds an epoch; `fails` with an error."""

    log: Path
    diverges: bool = False
    pause: float = 0.0
    fails: bool = False

    def __call__(self, pair, pipeline, seed, report):
        with self.log.open("a") as file:
            file.write(f"{os.getpid()} {pair.task} {pipeline.hash}\n")
        if self.fails:
            raise RuntimeError("the disk is on fire")
        if self.diverges and pipeline.optimiser == "adamw":
            return None
        for epoch in range(1, pipeline.epochs + 1):
            time.sleep(self.pause)
            report(epoch, quality(pipeline) * epoch / (epoch + 1))
        return quality(pipeline)


if __name__ == "__main__":
    import sys

    from pomonag.meta_dataset.tuning.run import PipelineTuning, tune_pipelines

    folder = Path(sys.argv[1])
    config = PipelineTuning(steps=int(sys.argv[2]), pairs=2)
    tune_pipelines(config, folder, workers=int(sys.argv[3]), objective=MadeUp(folder.parent / "calls", pause=0.02))
