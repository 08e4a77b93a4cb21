import sys
from pathlib import Path

# The made-up objective must be importable by the workers too, which inherit the path.
sys.path.insert(0, str(Path(__file__).parent))
