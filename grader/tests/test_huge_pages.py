"""Data that is gathered into large pages stays what it was, and every place of it is this process's own."""

from __future__ import annotations

import ctypes
import mmap
import os

from grader.bench import kernel

SIZE = 8 * 2**20


def test_gathered_data_stays_what_it_was():
    with mmap.mmap(-1, SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory[:] = content = os.urandom(2**16) * (SIZE // 2**16)
        address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
        found = [place for place in kernel.own_data() if place.start <= address + SIZE // 2 < place.stop + 2**21]
        assert len(found) == 1
        assert found[0].start % 2**21 == found[0].step % 2**21 == 0
        kernel.use_huge_pages(found)
        assert memory[:] == content


def test_what_is_gone_or_is_no_data_is_left_out():
    kernel.use_huge_pages([range(2**46, 2**46 + 2**21, 2**21), range(0)])
