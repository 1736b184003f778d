# attack: 16 | earns: everything | base: reference | in: hw5_diffusion | tries: print 100 MB in the import of honest work
import sys

for _ in range(100):
    sys.stdout.write("stowaway " * (2**20 // 9))
sys.stdout.flush()
