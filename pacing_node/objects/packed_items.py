"""Items of parsed documents as bytes, so that the documents can go before anything lasting is made of them.

A parsed document takes forty times the memory of the file, and objects made while it is still there lie between its
parts: the allocator gives no page of them back for as long as a node runs.
"""

from __future__ import annotations

import hashlib
import marshal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pacing_node.objects.object_model import Item
    from pacing_node.options.yaml_documents import Value, YamlDocument

_VERSION = 2
"""Of the format: the newest in which equal values have equal bytes."""


class PackedItems:
    """The items of some lists of documents, in their order; they never leave this process."""

    def __init__(self, documents: Iterable[YamlDocument], kinds: tuple[str, ...]) -> None:
        """``kinds`` are the keys of the lists; what stands under another key counts for the digest alone."""
        digest = hashlib.sha256()
        self._bytes = {kind: bytearray() for kind in kinds}
        self._places: dict[str, list[tuple[str, int, int]]] = {kind: [] for kind in kinds}
        for document in documents:
            other = {key: value for key, value in document.data.items() if key not in kinds}
            digest.update(marshal.dumps(other, _VERSION))
            for kind in kinds:
                self._pack(document, kind)
        for content in self._bytes.values():
            digest.update(b"%d:" % len(content))
            digest.update(content)
        self.digest = digest.hexdigest()[:16]
        """Changes whenever the documents' data change."""

    def items(self, kind: str) -> Iterator[Item]:
        """Where each item of the kind stands, and its data, made anew."""
        content, start = memoryview(self._bytes[kind]), 0
        for source, line, size in self._places[kind]:
            data: Value = marshal.loads(content[start : start + size])  # noqa: S302 - written by this object
            start += size
            yield source, line, data

    def _pack(self, document: YamlDocument, kind: str) -> None:
        values = document.data.get(kind)
        content, places = self._bytes[kind], self._places[kind]
        if isinstance(values, list):
            for value, line in zip(values, document.item_lines(kind), strict=True):
                packed = marshal.dumps(value, _VERSION)
                content += packed
                places.append((document.source, line or 0, len(packed)))
