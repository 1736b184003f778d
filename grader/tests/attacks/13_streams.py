# attack: 13 | score: 20 | base: reference | close standard output, replace standard error
import io
import os
import sys

sys.stdout.close()
sys.stderr = io.StringIO()
os.close(0)
