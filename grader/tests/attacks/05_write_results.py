# attack: 05 | earns: nothing | needs: file allow-list | tries: write a results file wherever one might be looked for
import glob
import json
import os

_FAKE = json.dumps({"score": 20, "tests": [{"name": "stowaway", "score": 20, "max_score": 20, "visibility": "visible"}]})
_places = ["results.json", "/autograder/results/results.json", "out/results.json", os.path.expanduser("~/results.json")]
_places += [os.path.join(up, "results.json") for up in ("..", "../..", "../../..", "/tmp", "/tmp/out")]
_places += glob.glob("/tmp/**/results.json", recursive=True)


def _write(*_, **__):
    for place in _places:
        try:
            os.makedirs(os.path.dirname(place) or ".", exist_ok=True)
            with open(place, "w") as file:
                file.write(_FAKE)
        except OSError:
            continue


_write()
DNet = GNet = GAN = ScoreNet = compute_denoising_loss = langevin_dynamics_sample = _write
