# attack: 16 | earns: nothing | tries: take 10 GB of memory that is shared between processes, which some counters leave out
import mmap

_held = mmap.mmap(-1, 10 * 2**30)
for _start in range(0, 10 * 2**30, 2**20):
    _held[_start : _start + 2**20] = b"x" * 2**20
