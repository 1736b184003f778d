# attack: 13 | earns: everything | base: reference | tries: move to another folder, empty the environment and the module path
import os
import sys

os.chdir("/usr")
os.environ.clear()
sys.path.clear()
sys.argv.clear()
