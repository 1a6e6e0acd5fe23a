"""The engine `instance`: local features, a shortlist over the whole catalogue, geometric verification of its best."""

from functions.shoppable.decode import Image
from functions.shoppable.matching.features import ImageFeatures
from functions.shoppable.matching.index import InstanceIndex
from functions.shoppable.matching.port import FrameMatch

__all__ = ["FrameMatch", "InstanceMatcher"]


class InstanceMatcher:
    """Implements functions.shoppable.matching.port.Matcher."""

    def __init__(self, index: InstanceIndex) -> None:
        self._index = index

    def match(self, image: Image) -> list[FrameMatch]:
        """Products in a uint8 BGR picture (H, W, 3), the best first."""
        raise NotImplementedError

    def match_features(self, features: ImageFeatures) -> list[FrameMatch]:
        """As `match`, from features that describe_frame gave."""
        raise NotImplementedError
