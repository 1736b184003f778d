"""A stretch of a network that is spelled by hand is judged by its values: those of the table's rows, or others."""

from __future__ import annotations

import numpy as np
import pytest

from tests.support.homework.handout import TABLE_1, TABLE_2
from tests.support.judging.spelled import computes

RELU_AND_POOL, LEAKY_AND_UPSAMPLE = TABLE_1[1:3], TABLE_2[1:3]
IMAGES = np.random.default_rng(0).normal(size=(3, 2, 6, 6)).astype(np.float32)


def test_values_of_the_rows_are_recognised_in_images_and_in_vectors():
    pooled = np.maximum(IMAGES, 0).reshape(3, 2, 3, 2, 3, 2).max(axis=(3, 5))
    assert computes(RELU_AND_POOL, IMAGES, pooled)
    assert not computes(RELU_AND_POOL, IMAGES, pooled + np.float32(1e-3))
    vectors = np.random.default_rng(0).normal(size=(2, 32 * 49))
    grown = np.where(vectors < 0, 0.2 * vectors, vectors).reshape(2, 32, 7, 7).repeat(2, axis=2).repeat(2, axis=3)
    assert computes(LEAKY_AND_UPSAMPLE, vectors, grown)


@pytest.mark.parametrize("shape", [(2, 32 * 50), (32,), (2, 32, 49), (2, 0), ()])
def test_values_of_a_shape_that_the_rows_do_not_take_are_others(shape: tuple[int, ...]):
    assert not computes(LEAKY_AND_UPSAMPLE, np.ones(shape), np.ones((2, 32, 14, 14)))
