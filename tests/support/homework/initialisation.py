"""Readings of 4.3: the bounds of the initial weights, and the laws that are recognised by name."""

from __future__ import annotations

from tests.support.homework.readings import Reading

GNET_BOUND_FACTORS = {
    1.0: Reading("kaiming_uniform as it is by default", 1.0, ""),
    (1 + 0.2**2) ** -0.5: Reading("the gain of LeakyReLU(0.2)", 1.0, ""),
}
"""Accepted bounds of GNet's weights, as factors of sqrt(6 / fan_in); 0.98058 belongs to kaiming_uniform with a=0.2."""

DNET_BOUND_FACTORS = {1.0: Reading("kaiming_uniform as it is by default", 1.0, "")}


def _bound(name: str, message: str) -> Reading:
    return Reading(name, 0.0, message)


UNIFORM_MISTAKES = (
    _bound("a=sqrt(5)", "This is the framework's default: the initialisation does not reach this layer."),
    _bound("xavier_uniform", "This is the bound of xavier_uniform, sqrt(6 / (fan_in + fan_out))."),
    _bound("fan_out", "This is the bound for fan_out; kaiming_uniform takes fan_in by default."),
    _bound("tanh", "This is the bound for the gain of tanh, 5/3."),
    _bound(
        "linear", "This is the bound for the gain of a linear layer, 1 (as with nonlinearity='linear' or 'sigmoid')."
    ),
    _bound("selu", "This is the bound for the gain of SELU, 3/4."),
    _bound(
        "a=0.2", "This is the bound for a=0.2; the layers of this network are followed by ReLU, not by LeakyReLU(0.2)."
    ),
    _bound("a=1", "This is the bound for a=1."),
)
NORMAL_MISTAKES = (
    _bound("kaiming_normal", "The values look like kaiming_normal's; the handout asks for kaiming_uniform."),
    _bound("xavier_normal", "The values look like xavier_normal's; the handout asks for kaiming_uniform."),
    _bound("N(0, 0.02)", "The values look normal with standard deviation 0.02 (as in DCGAN)."),
    _bound("another normal", "The values look normally distributed; the handout asks for kaiming_uniform."),
)
OTHER_INITIAL_MISTAKES = {
    "zeros": _bound("zeros", "All weights are 0: no unit can then learn anything different from its neighbours."),
    "constant": _bound("constant", "All weights of the layer are the same number."),
    "positive": _bound("positive", "No weight is negative: half of kaiming_uniform's values are."),
    "orthogonal": _bound("orthogonal", "The rows are orthogonal to each other, as after orthogonal initialisation."),
}
