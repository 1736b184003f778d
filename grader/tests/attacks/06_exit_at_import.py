# attack: 06 | earns: nothing | tries: end the process with the exit code of success while it is imported
import os

os._exit(0)
