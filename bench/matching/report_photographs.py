"""Acceptance on real photographs, next to a plain peer in the same run."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from bench.matching.catalogues import Catalogue, catalogue_of
from bench.matching.fit import fit
from bench.matching.peers import SiftPeer
from bench.matching.photographs import NEIGHBOURS, Photograph, photographs, studio_pictures
from bench.matching.samples import Sample, photograph_samples
from functions.shoppable.matching.port import FrameMatch

REVIEW = 0.02


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What was said of one photograph: (product, score), the best first."""

    photograph: str
    product: str
    said: tuple[tuple[str, float], ...]

    def is_right(self, least: float) -> bool:
        """Whether the subject is among what scores at least so much."""
        return any(name == self.product and score >= least for name, score in self.said)

    def wrong(self, least: float, *, strictly: bool) -> bool:
        """Whether anything else is; `strictly`: what stands beside the subject counts too."""
        return any(
            name != self.product and score >= least and (strictly or (self.photograph, name) not in NEIGHBOURS)
            for name, score in self.said
        )


def row(title: str, answers: Sequence[Answer], least: float) -> str:
    """One line of the table."""
    right = sum(answer.is_right(least) for answer in answers)
    first = sum(bool(a.said) and a.said[0][1] >= least and a.said[0][0] == a.product for a in answers)
    wrong = sum(answer.wrong(least, strictly=False) for answer in answers)
    strictly = sum(answer.wrong(least, strictly=True) for answer in answers)
    return f"  {title:34} {right:5} {first:11} {wrong:6} {strictly:18}"


def photograph_report(*, folds: Sequence[Sample] | None = None) -> str:
    """The table. `folds`: samples to judge scores in folds by brand (slow to make)."""
    cv2.setNumThreads(1)
    scenes = list(photographs())
    catalogue = catalogue_of(studio_pictures())
    peer = SiftPeer(studio_pictures(), least=10, robust=cv2.USAC_MAGSAC, checked=False)
    ours: list[Answer] = []
    theirs: list[Answer] = []
    spent = np.zeros(2)
    for scene in scenes:
        began = time.process_time()
        found = [one.match for one in catalogue.matcher.match(scene.image)]
        spent[0] += time.process_time() - began
        began = time.process_time()
        others = peer.match(scene.image)
        spent[1] += time.process_time() - began
        ours.append(_answer(scene, catalogue, found))
        # The peer names one product a photograph: it has no way to tell a neighbour from a look-alike.
        said = tuple((one.product, float(one.inliers)) for one in others[:1])
        theirs.append(Answer(photograph=scene.name, product=scene.product, said=said))
    lines = [
        f"real photographs: {len(scenes)}, {len(catalogue.names)} products",
        f"  {'':34} {'right':>5} {'right first':>11} {'wrong':>6} {'wrong, neighbours':>18}",
        row("plain peer, 10 inliers", theirs, 10.0),
    ]
    lines += [row(f"ours, score ≥ {least}", ours, least) for least in (REVIEW, 0.1, 0.3, 0.5, 0.7, 0.9)]
    lines.append(
        f"  time per photograph: ours {1000 * spent[0] / len(scenes):.0f} ms, "
        f"peer {1000 * spent[1] / len(scenes):.0f} ms, ratio 1/{spent[1] / spent[0]:.1f} "
        "(processor time of one thread, features included)"
    )
    if folds is not None:
        lines += [
            "  in folds by brand: no photograph is judged by weights that its brand has taught",
            *fold_rows(folds),
        ]
    return "\n".join(lines)


def fold_rows(samples: Sequence[Sample]) -> list[str]:
    """The same table, scores by weights of the other brands' photographs and of generated scenes."""
    said: dict[str, list[tuple[str, float]]] = {}
    brands = sorted({s.fold for s in samples if s.source == "photographs"})
    for brand in brands:
        weights = fit([sample for sample in samples if sample.fold != brand])
        for sample in samples:
            if sample.fold == brand and sample.source == "photographs":
                scores = weights.scores(sample).tolist()
                said.setdefault(sample.picture, []).extend(zip(sample.products, scores, strict=True))
    answers = [
        Answer(photograph=name, product=name.split("/")[0], said=tuple(sorted(found, key=lambda one: -one[1])))
        for name, found in said.items()
    ]
    return [row(f"ours, score ≥ {least}", answers, least) for least in (REVIEW, 0.1, 0.3, 0.5, 0.7, 0.9)]


def _answer(scene: Photograph, catalogue: Catalogue, found: Sequence[FrameMatch]) -> Answer:
    said = tuple((catalogue.names[match.product_id], match.score) for match in found)
    return Answer(photograph=scene.name, product=scene.product, said=said)


def main() -> None:
    """Photographs alone, with folds over photographs alone."""
    print(photograph_report(folds=list(photograph_samples())))


if __name__ == "__main__":
    main()
