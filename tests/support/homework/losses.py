"""Readings of the two losses (4.4, 4.5)."""

from __future__ import annotations

from tests.support.homework.readings import Reading

DISCRIMINATOR_SCALES = {
    1.0: Reading("sum of the means over the real and the generated images", 1.0, ""),
    0.5: Reading("average of the two means", 1.0, ""),
}
"""The discriminator loss may be the sum of its two terms or their average, with or without detaching the images."""

SATURATING = Reading(
    "saturating generator loss",
    0.5,
    "This is log(1 - D(G(z))), which follows Eq. 1 literally. Its gradient vanishes when the discriminator is sure "
    "that the images are generated (Problem 1.3); what is asked for is the non-saturating -log D(G(z)). It earns half.",
)

LOSS_MISTAKES = {
    "swapped": "The labels are swapped: real images are pulled to 0 and generated ones to 1.",
    "generator_swapped": "The label is that of a fake: this trains the generator to be recognised.",
    "smoothed": "The labels are smoothed; the handout's are 1 (real) and 0 (fake).",
    "only_real": "Only the real images count: the term of the generated ones is missing.",
    "only_fake": "Only the generated images count: the term of the real ones is missing.",
    "sum": "The loss is summed over the batch; an expectation is a mean.",
    "unequal": "The two terms do not have the same weight.",
    "broadcast": "One term is as many times too large as the batch has images: (N, 1) with (N,) broadcasts to (N, N).",
    "negative": "The sign is wrong: minimising this loss maximises the error.",
    "real_cut": "No gradient comes back from the real images: their logits were detached.",
    "double_sigmoid": "The sigmoid is applied twice: BCEWithLogitsLoss contains one already.",
    "raw_logs": "The logarithm is taken of raw logits, which may be negative: D is the sigmoid of what DNet returns.",
    "least_squares": "This is a squared error (as in LSGAN), not a cross entropy.",
    "wasserstein": "The gradient is the same for every image (as in a Wasserstein GAN): there is no cross entropy.",
    "hinge": "This is a hinge loss, not a cross entropy.",
    "detached": "No gradient reaches the generator: its images were detached, or made without gradients.",
    "own_z": "The latents were drawn anew instead of taken from the argument z.",
    "number": "A Python number or an array cannot be differentiated: return the tensor itself.",
    "cut": "The result is cut off from the networks (detach, .data, torch.tensor(...) or no_grad).",
    "not_reduced": "The loss is not reduced to one number: take the mean.",
    "squeeze": "squeeze() without a dimension also removes the batch dimension when it is 1.",
    "unstable": "sigmoid rounds to exactly 0 or 1 at such logits, and the logarithm of 0 is infinite.",
}
"""Recognised mistakes of the two GAN losses; all have credit 0."""
