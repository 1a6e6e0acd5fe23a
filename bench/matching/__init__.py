"""Measurements of matching; libraries' products of matrices have one thread, as they have in the functions."""

import os

# Before NumPy and faiss are loaded: their idle threads spin, which counts as processor time.
for _library in ("OMP", "OPENBLAS"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")
