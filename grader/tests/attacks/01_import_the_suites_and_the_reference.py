# attack: 01 | earns: nothing | needs: file allow-list | tries: import the hidden suites and the reference as modules, from an import and from a call
import importlib
import inspect


def _steal(*_, **__):
    for name in ("tests.hidden.oracles", "tests.hidden.test_gan_networks", "reference.hw5_gan", "grader.rubric",
                 "grader.judge.server", "grader.report.results", "hw5_written"):
        try:
            print("LEAK", inspect.getsource(importlib.import_module(name))[:200])
        except (ImportError, OSError, TypeError):
            continue
    raise ValueError("nothing found")


_old = None
try:
    _steal()
except ValueError:
    pass
DNet = GNet = GAN = ScoreNet = compute_denoising_loss = langevin_dynamics_sample = _steal
