"""Cut from shared libraries what no loader reads: symbols and debug data behind the last segment, the section table.

Usage: strip_libraries.py FOLDER. As `strip` does, for images that have no binutils; of the ELF format (System V ABI,
chapter 4: header and program header, little-endian, 64 bits). A file of another kind is left alone.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path

_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")
_ELF64_LITTLE = b"\x7fELF\x02\x01"


def strip(file: Path) -> int:
    """Cut one file; the bytes it lost."""
    data = file.read_bytes()
    if not data.startswith(_ELF64_LITTLE):
        return 0
    header = list(_HEADER.unpack_from(data))
    offset, size, count = header[5], header[9], header[10]
    segments = [_SEGMENT.unpack_from(data, offset + size * number) for number in range(count)]
    end = max([offset + size * count, *(segment[2] + segment[5] for segment in segments)])
    header[6] = header[12] = header[13] = 0  # no section table
    file.write_bytes(_HEADER.pack(*header) + data[_HEADER.size : end])
    return len(data) - end


def main(arguments: list[str]) -> int:
    """Run the command; returns its exit status."""
    saved = sum(map(strip, Path(arguments[0]).rglob("*.so*")))
    sys.stdout.write(f"libraries: {saved / 1e6:.1f} MB less\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
