"""Items of documents as bytes, so that the documents can go before anything lasting is made of them.

A parsed document takes forty times the memory of the file, and objects made while it is still there lie between its
parts: the allocator gives no page of them back for as long as a node runs.
"""

from __future__ import annotations

import hashlib
import marshal
from array import array
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pacing_node.objects.object_model import Item
    from pacing_node.options.yaml_documents import Value, YamlDocument

_VERSION = 2
"""Of the format: the newest in which equal values have equal bytes."""
_PIECE_ITEMS = 2000
"""Items whose bytes are kept together: none is moved any more when the next one comes."""


class PackedList:
    """Items of one list of one document, in their order; they never leave this process."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._pieces: list[bytes] = []
        self._newest: list[bytes] = []
        self._lines, self._sizes = array("L"), array("L")

    def add(self, line: int, value: Value) -> None:
        """Take an item; ``line`` from 1, 0 where none is known."""
        packed = marshal.dumps(value, _VERSION)
        self._lines.append(line)
        self._sizes.append(len(packed))
        self._newest.append(packed)
        if len(self._newest) == _PIECE_ITEMS:
            self._pieces.append(b"".join(self._newest))
            self._newest.clear()

    @property
    def size(self) -> int:
        """Bytes of all items."""
        return sum(map(len, self.pieces()))

    def pieces(self) -> Iterator[bytes]:
        """The bytes of all items, one behind the other."""
        yield from self._pieces
        yield from self._newest

    def items(self) -> Iterator[Item]:
        """Where each item stands, and its data, made anew."""
        at = 0
        for piece in self.pieces():
            content, start = memoryview(piece), 0
            while start < len(piece):
                end = start + self._sizes[at]
                yield self._source, self._lines[at], marshal.loads(content[start:end])  # noqa: S302 - written above
                start, at = end, at + 1


class PackedDocument:
    """The items of a document's lists, and what else is in it."""

    def __init__(self, document: YamlDocument, lists: dict[str, PackedList] | None = None) -> None:
        """``lists`` by their keys, as far as the document does not hold them itself."""
        self.document = document
        self.lists = lists or {}

    def pack(self, kinds: Iterable[str]) -> None:
        """Pack the lists that the document itself holds under these keys."""
        for kind in kinds:
            values = self.document.data.get(kind)
            if isinstance(values, list):
                packed = self.lists[kind] = PackedList(self.document.source)
                for value, line in zip(values, self.document.item_lines(kind), strict=True):
                    packed.add(line or 0, value)


class PackedItems:
    """The items of some lists of documents, in their order."""

    def __init__(self, documents: Sequence[PackedDocument], kinds: tuple[str, ...]) -> None:
        """``kinds`` are the keys of the lists; what stands under another key counts for the digest alone."""
        digest = hashlib.sha256()
        for each in documents:
            each.pack(kinds)
            other = {key: value for key, value in each.document.data.items() if key not in kinds}
            digest.update(marshal.dumps(other, _VERSION))
        self._lists = {kind: [each.lists[kind] for each in documents if kind in each.lists] for kind in kinds}
        for lists in self._lists.values():
            digest.update(b"%d:" % sum(each.size for each in lists))
            for each_list in lists:
                for piece in each_list.pieces():
                    digest.update(piece)
        self.digest = digest.hexdigest()[:16]
        """Changes whenever the documents' data change."""

    def items(self, kind: str) -> Iterator[Item]:
        """Where each item of the kind stands, and its data, made anew."""
        for each in self._lists[kind]:
            yield from each.items()
