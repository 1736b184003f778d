# attack: 16 | earns: nothing | tries: take 10 GB of memory
_held = []
while len(_held) < 100:
    _held.append(b"x" * (100 * 2**20))
