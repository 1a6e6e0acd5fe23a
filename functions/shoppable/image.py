"""What a picture is here. Apart from `decode`, so that whoever only looks at pictures does not load a video decoder."""

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""BGR (H, W, 3), as displayed."""
