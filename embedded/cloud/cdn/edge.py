"""One edge location: answers viewers' requests for a distribution."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from botocore.exceptions import BotoCoreError, ClientError

from embedded.cloud.cdn import headers as header_policies
from embedded.cloud.cdn.answers import answer
from embedded.cloud.cdn.cache import Cache
from embedded.cloud.cdn.distribution import Behaviour, Distribution, load
from embedded.cloud.cdn.origin import Found, S3Origin, failure
from embedded.cloud.cdn.preflight import preflight
from embedded.cloud.messages import Request, Response

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient

Json = Any
LOOK_SECONDS = 1.0
"""How often the distribution's configuration and invalidations are looked up."""


class Edge:
    """Reads configuration, objects and invalidations over the API; keeps objects for as long as the policies say."""

    def __init__(
        self,
        client: CloudFrontClient,
        distribution_id: str,
        origin: Callable[[str], S3Origin],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._id, self._clock = client, distribution_id, clock
        self._distribution: Distribution = load(client, distribution_id)
        self._origin = origin(self._distribution.arn)
        self._cache = Cache(clock=clock)
        self._looked = clock()
        self._lock = threading.Lock()
        self._seen: set[str] = {entry["Id"] for entry in self._invalidations()}

    def __call__(self, request: Request) -> Response:
        """Answer one request."""
        self._look()
        distribution = self._distribution
        behaviour = distribution.behaviour(request.path)
        origin = request.headers.get("origin", "")
        sent: dict[str, str] = {"via": "1.1 embedded (CloudFront)"}
        if request.method not in behaviour.methods or not distribution.enabled:
            response = answer(failure(403, "AccessDenied", "The method is not allowed."), {}, sent, compress=False)
        elif request.method == "OPTIONS":
            response = self._preflight(request, behaviour)
        else:
            try:
                found, seen = self._object(request.path, distribution, behaviour)
            except (ClientError, BotoCoreError) as error:
                found, seen = failure(502, "OriginError", escape(str(error))), {"x-cache": "Error from cloudfront"}
            sent |= seen
            response = answer(found, request.headers, sent, compress=behaviour.compress)
        named = {name.lower(): value for name, value in response.headers}
        header_policies.apply(behaviour.headers, named, origin, preflight=request.method == "OPTIONS")
        response.headers = list(named.items())
        return response

    def _object(self, path: str, distribution: Distribution, behaviour: Behaviour) -> tuple[Found, dict[str, str]]:
        found, seen = self._kept(path, distribution, behaviour)
        page = distribution.error(found.status)
        if found.status < 400 or not page.page:
            return found, seen
        other, _ = self._kept(page.page, distribution, distribution.behaviour(page.page))
        if other.status != 200:
            return found, seen
        return Found(page.status, other.headers, other.body), {"x-cache": "Error from cloudfront"}

    def _kept(self, path: str, distribution: Distribution, behaviour: Behaviour) -> tuple[Found, dict[str, str]]:
        kept = self._cache.get(path)
        if kept is not None:
            found, age = kept
            hit = "Hit from cloudfront" if found.status < 400 else "Error from cloudfront"
            return found, {"x-cache": hit, "age": str(age)}
        name = unquote(path).removeprefix("/") or distribution.root_object
        key = "/".join(part for part in (behaviour.origin.path, name) if part)
        found = self._origin.get(behaviour.origin.bucket, key)
        if found.status >= 400:
            self._cache.put(path, found, distribution.error(found.status).seconds)
            return found, {"x-cache": "Error from cloudfront"}
        self._cache.put(path, found, behaviour.ttl.of(found.headers.get("cache-control", "")))
        return found, {"x-cache": "Miss from cloudfront"}

    def _preflight(self, request: Request, behaviour: Behaviour) -> Response:
        """OPTIONS goes to the origin, with those headers that the behaviour forwards."""
        forwarded = {name: value for name, value in request.headers.items() if name in behaviour.forwarded}
        return preflight(self._origin.cors(behaviour.origin.bucket), forwarded)

    def _look(self) -> None:
        with self._lock:
            if self._clock() - self._looked < LOOK_SECONDS:
                return
            self._looked = self._clock()
        self._distribution = load(self._client, self._id)
        for entry in self._invalidations():
            if entry["Id"] in self._seen:
                continue
            self._seen.add(entry["Id"])
            found: Json = self._client.get_invalidation(DistributionId=self._id, Id=entry["Id"])
            for path in found["Invalidation"]["InvalidationBatch"]["Paths"].get("Items", []):
                self._cache.invalidate(path if path.startswith("/") else f"/{path}")

    def _invalidations(self) -> list[Json]:
        answered: Json = self._client.list_invalidations(DistributionId=self._id)
        return list(answered["InvalidationList"].get("Items") or [])
