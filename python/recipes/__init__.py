"""The published systems, from captures to score tables and pictures: `python -m recipes`."""

import os

# Matrices are small here: threads that share them cost many times what they spare, above all on a busy machine. Must stand
# before numpy is first imported.
for _library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
