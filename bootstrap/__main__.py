"""Run by Pulumi in this directory: the checkout comes onto the path, so that `bootstrap` is a package everywhere."""

import sys
from importlib import import_module
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import_module("bootstrap.program").main()
