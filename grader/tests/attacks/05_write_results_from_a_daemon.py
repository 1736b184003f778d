# attack: 05 | earns: nothing | needs: file allow-list | tries: leave a daemon that overwrites results files long after the check
import os
import time

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            for _folder in (".", "..", "../..", "/tmp", "/autograder/results"):
                try:
                    with open(os.path.join(_folder, "results.json"), "w") as _file:
                        _file.write('{"score": 20, "stowaway": NaN}')
                except OSError:
                    pass
            time.sleep(0.01)
    os._exit(0)
