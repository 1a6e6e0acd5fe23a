import cv2
import numpy as np
import pytest

from bench.matching.scenes import widely_blurred


@pytest.mark.parametrize("shape", [(90, 60, 3), (40, 130, 3)])
def test_should_blur_as_opencv_does_to_the_bit(shape):
    image = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    image[: shape[0] // 2, : shape[1] // 3] = 255

    blurred = widely_blurred(image, 180.0)

    np.testing.assert_array_equal(blurred, cv2.GaussianBlur(image, (0, 0), 180.0, borderType=cv2.BORDER_REPLICATE))
