# attack: 16 | earns: nothing | tries: open files and pipes until the system refuses, then go on as if nothing were
import os

try:
    while True:
        os.pipe()
except OSError:
    pass
