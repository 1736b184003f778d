# attack: 06 | earns: nothing | tries: leave the import by sys.exit, with a message
import atexit
import sys

atexit.register(lambda: print("20/20"))
sys.exit("stowaway: all tests passed")
