# attack: 17 | earns: nothing | needs: file allow-list | tries: run programs that live on, written here or found
import os
import subprocess
import sys

with open("stowaway.sh", "w") as _file:
    _file.write("#!/bin/sh\nexec sleep 600\n")
os.chmod("stowaway.sh", 0o755)
for _command in (["./stowaway.sh"], ["/bin/sleep", "600"], [sys.executable, "-c", "import time; time.sleep(600)"]):
    try:
        subprocess.Popen(_command, start_new_session=True)
    except OSError:
        continue
