"""The traces of upsampling have the known shapes, in the image and in its spectrum."""

import numpy as np
import pytest

from data.synthesis.makers.upsampling import (
    BILINEAR,
    CHECKERBOARD,
    NEAREST,
    detail_to_give_up,
    reduced_and_enlarged,
    transposed_convolution,
    uneven_kernel,
)


def _noise(seed=0, shape=(32, 48, 3)):
    return np.random.default_rng(seed).uniform(0, 255, shape).astype(np.float32)


def test_a_transposed_convolution_adds_the_kernel_wherever_a_pixel_is():
    small, kernel = _noise(1, (6, 5, 3)), np.random.default_rng(2).uniform(-1, 1, (3, 3))
    expected = np.zeros((14, 12, 3))
    for row in range(6):
        for column in range(5):
            expected[2 * row : 2 * row + 3, 2 * column : 2 * column + 3] += (
                kernel[..., None] * small[row, column]
            )
    enlarged = transposed_convolution(small, kernel)
    # At the edges the image goes on, mirrored.
    np.testing.assert_allclose(enlarged[1:-1, 1:-1], expected[2:-2, 2:-2], rtol=1e-4, atol=1e-3)


def test_uneven_overlap_of_a_flat_image_is_a_checkerboard():
    """Odena et al.: kernel 3, stride 2: pixels get one, two or four weights."""
    flat = np.full((8, 8, 3), 90, np.float32)
    enlarged = transposed_convolution(flat, np.full((3, 3), 4 / 9))[..., 0] / 90
    np.testing.assert_allclose(enlarged[::2, ::2], 4 / 9, rtol=1e-5)
    np.testing.assert_allclose(enlarged[1:-1:2, 2:-1:2], 8 / 9, rtol=1e-5)
    np.testing.assert_allclose(enlarged[1:-1:2, 1:-1:2], 16 / 9, rtol=1e-5)


def test_no_unevenness_is_linear_interpolation():
    flat = np.full((8, 8, 3), 90, np.float32)
    kernel = uneven_kernel(0.0, np.random.default_rng(0))
    np.testing.assert_allclose(transposed_convolution(flat, kernel)[:-1, :-1], 90, rtol=1e-5)
    assert uneven_kernel(0.7, np.random.default_rng(0)).sum() == pytest.approx(4)


@pytest.mark.parametrize("factor", [2, 4])
def test_nearest_repeats_pixels(factor):
    generated, _ = reduced_and_enlarged(_noise(), NEAREST, factor, np.eye(3))
    blocks = generated.reshape(32 // factor, factor, 48 // factor, factor, 3)
    assert np.array_equal(np.broadcast_to(blocks[:, :1, :, :1], blocks.shape), blocks)


@pytest.mark.parametrize(("edit", "power"), [(NEAREST, 1), (BILINEAR, 3)])
@pytest.mark.parametrize("frequency", [4, 9, 20])
def test_a_wave_has_a_replica_of_known_size(edit, power, frequency):
    """Upsampling twice mirrors a wave at a quarter of the sampling rate; the kernel weighs what it mirrors.

    The spectrum of a kernel [1, 1] is cos(w / 2), that of [1, 3, 3, 1] its third power, each but for a factor.
    """
    size = 128
    wave = np.cos(2 * np.pi * frequency * np.arange(size) / size + 0.3)
    image = np.broadcast_to(wave[None, :, None], (size, size, 3)).astype(np.float32)
    generated, _ = reduced_and_enlarged(np.ascontiguousarray(image), edit, 2, np.eye(3))
    # Taken from the inner part, where no edge is near: a whole number of waves.
    spectrum = np.abs(np.fft.rfft(generated[64, :, 0] * np.blackman(size)))
    ratio = spectrum[size // 2 - frequency] / spectrum[frequency]
    assert ratio == pytest.approx(np.tan(np.pi * frequency / size) ** power, rel=0.05, abs=1e-3)


@pytest.mark.parametrize("factor", [2, 4])
@pytest.mark.parametrize("edit", [NEAREST, BILINEAR, CHECKERBOARD])
def test_both_ways_agree_but_for_the_trace(edit, factor):
    ramp = np.broadcast_to(np.linspace(50, 200, 64, dtype=np.float32)[:, None, None], (64, 64, 3))
    kernel = uneven_kernel(0.0, np.random.default_rng(0))
    generated, smooth = reduced_and_enlarged(np.ascontiguousarray(ramp), edit, factor, kernel)
    assert generated.shape == smooth.shape == (64, 64, 3)
    step = 150 / 63
    inner = np.s_[8:-8, 8:-8]
    # OpenCV's cubic kernel (a = -0.75) keeps a ramp but for a tenth of its steps.
    np.testing.assert_allclose(smooth[inner], ramp[inner], atol=0.1 * factor * step)
    np.testing.assert_allclose(generated[inner], ramp[inner], atol=factor / 2 * step)


def _sharpness(image):
    luma = np.pad(image @ np.array([0.299, 0.587, 0.114]), 1, mode="reflect")
    neighbours = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:]
    return ((neighbours - 4 * luma[1:-1, 1:-1]) ** 2).sum()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_image_stays_as_sharp(sign):
    image, trace = _noise(1), sign * 0.1 * _noise(2)
    detail = image - 128
    share = detail_to_give_up(image, trace, detail)
    assert 0 < abs(share) < 0.2
    assert _sharpness(image + trace - share * detail) == pytest.approx(_sharpness(image), rel=1e-3)


def test_where_no_detail_suffices_the_nearest_is_taken():
    image, trace = _noise(1), 3 * _noise(2)
    assert detail_to_give_up(image, trace, np.zeros_like(image)) == 0
    assert 0 < detail_to_give_up(image, trace, image - 128) <= 1
    assert (
        detail_to_give_up(image, -image, 0.1 * image) == 1
        or detail_to_give_up(image, -image, 0.1 * image) == -0.5
    )
