"""Event patterns as EventBridge documents them."""

from __future__ import annotations

from typing import Any

import pytest

from embedded.cloud.patterns import BadPatternError, check, matches

EVENT = {
    "source": "aws.s3",
    "detail": {
        "object": {"key": "videos/shop/a+b %2B ü.MP4", "size": 1024},
        "tags": ["red", "big"],
        "parts": [{"n": 1, "kind": "x"}, {"n": 2, "kind": "y"}],
        "flag": True,
        "nothing": None,
        "address": "10.1.2.3",
    },
}


@pytest.mark.parametrize(
    "detail",
    [
        {"object": {"key": [{"prefix": "videos/"}]}},
        {"object": {"key": [{"suffix": ".MP4"}]}},
        {"object": {"key": [{"suffix": {"equals-ignore-case": ".mp4"}}]}},
        {"object": {"key": ["other", {"wildcard": "videos/*/a+b*MP4"}]}},
        {"object": {"key": [{"anything-but": {"prefix": "feeds/"}}]}},
        {"object": {"size": [{"numeric": [">", 0, "<=", 1024]}]}},
        {"object": {"size": [1024]}},
        {"tags": ["red"]},
        {"tags": [{"prefix": "bi"}]},
        {"parts": {"n": [2], "kind": ["y"]}},
        {"flag": [True]},
        {"nothing": [None]},
        {"missing": [{"exists": False}]},
        {"object": {"missing": [{"exists": False}]}},
        {"flag": [{"exists": True}]},
        {"address": [{"cidr": "10.0.0.0/8"}]},
        {"$or": [{"flag": [False]}, {"tags": ["big"]}]},
    ],
)
def test_lets_the_event_through(detail: dict[str, Any]) -> None:
    check({"detail": detail})
    assert matches({"source": ["aws.s3"], "detail": detail}, EVENT)


@pytest.mark.parametrize(
    "detail",
    [
        {"object": {"key": [{"prefix": "Videos/"}]}},
        {"object": {"key": ["videos/shop/a+b + ü.MP4"]}},
        {"object": {"key": [{"wildcard": "videos/*.mp4"}]}},
        {"object": {"key": [{"anything-but": {"suffix": ".MP4"}}]}},
        {"object": {"size": ["1024"]}},
        {"object": {"size": [{"numeric": [">", 1024]}]}},
        {"parts": {"n": [1], "kind": ["y"]}},
        {"flag": [1]},
        {"missing": [{"anything-but": "x"}]},
        {"missing": [{"exists": True}]},
        {"object": [{"exists": True}]},
        {"object": {"key": {"deeper": ["x"]}}},
        {"address": [{"cidr": "192.168.0.0/16"}]},
        {"$or": [{"flag": [False]}, {"tags": ["small"]}]},
    ],
)
def test_holds_the_event_back(detail: dict[str, Any]) -> None:
    check({"detail": detail})
    assert not matches({"source": ["aws.s3"], "detail": detail}, EVENT)


@pytest.mark.parametrize(
    "pattern",
    [
        {"source": "aws.s3"},
        {"source": []},
        {"source": [{"begins-with": "aws"}]},
        {"source": [{"prefix": "a", "suffix": "b"}]},
        {"source": [["aws.s3"]]},
        {"n": [{"numeric": [">"]}]},
        {"n": [{"numeric": ["!=", 1]}]},
        {"n": [{"exists": "yes"}]},
        {"$or": [{"source": ["x"]}]},
    ],
)
def test_refuses_a_pattern_that_eventbridge_refuses(pattern: dict[str, Any]) -> None:
    with pytest.raises(BadPatternError):
        check(pattern)
