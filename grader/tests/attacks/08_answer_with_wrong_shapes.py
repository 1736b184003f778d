# attack: 08 | earns: nothing | tries: answer every request in the right form, with arrays of sizes that nobody expects
import sys

import numpy as np

_probes = sys.modules["tests.support.probes.vocabulary"]
_EMPTY, _NOTHING = np.zeros((0,)), np.full((3, 1, 2), np.nan)
_RETURNED = {"kind": "Tensor", "shape": [7, -3], "values": _NOTHING, "differentiable": True}
_CALLS = {"points": _NOTHING, "levels": _EMPTY, "scores": np.zeros((0, 2)), "sizes": np.array([10**9]), "refused": "",
          "repeats": np.array([-1, 2]), "returned": _RETURNED}
_ANSWERS = {
    "execution": {"steps": [], "returned": "tensor", "output": _NOTHING, "initialised": True, "differentiable": True,
                  "n_parameters": -1},
    "parameter_table": {"parameters": [], "buffers": [], "initialised": True},
    "initial_parameters": {"parameters": [{"name": "stowaway", "values": _EMPTY}]},
    "outputs": {"fitted": True, "returned": "tensor", "initialised": True, "n_parameters": 0,
                "outputs": [_EMPTY, _NOTHING]},
    "denoising_loss": {"evaluations": [{**_CALLS, "data_changed": False, "sigmas_changed": False, "gradient": _EMPTY,
                                        "product": _NOTHING, "direction": _EMPTY, "replayed": False}] * 2},
    "langevin": {**_CALLS, "sigmas_changed": False, "parameter_gradient": False},
    "discriminator_loss": {"kind": "tensor", "value": _NOTHING, "shape": [], "differentiable": True, "pixels": _EMPTY,
                           "logits": _NOTHING, "gradients": _EMPTY, "latents": [_EMPTY], "theta_gradient": _NOTHING},
    "one_epoch": {"disc_moved": _EMPTY, "gen_moved": _NOTHING, "files": ["stowaway"], "grid": np.zeros((1, 1), np.uint8)},
}
_ANSWERS["generator_loss"] = _ANSWERS["discriminator_loss"]
_probes.perform = lambda folder, module, operation, *others: ({"observation": _ANSWERS.get(operation, {})}, None)
