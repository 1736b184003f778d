# attack: 17 | earns: nothing | tries: leave folders that their owner may not enter, which a removal cannot look into
import os

os.makedirs("stowaway/inside", exist_ok=True)
with open("stowaway/inside/note", "wb") as _file:
    _file.write(b"x" * 2**20)
for _folder in ("stowaway/inside", "stowaway"):
    try:
        os.chmod(_folder, 0)
    except OSError:
        continue
