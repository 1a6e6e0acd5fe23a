"""The policy pack: `pulumi preview --policy-pack policy` starts this and asks it about every resource."""

import sys
from pathlib import Path

# Pulumi runs the folder, so that its parent is not where modules are looked for.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from policy.pack import serve

if __name__ == "__main__":
    serve()
