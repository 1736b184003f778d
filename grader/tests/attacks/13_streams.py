# attack: 13 | earns: everything | base: reference | tries: write standard output to a file, standard error to memory, close the input
import io
import os
import sys

sys.stdout = open("log.txt", "w")
sys.stderr = io.StringIO()
os.close(0)
