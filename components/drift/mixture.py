"""How many of some unlabelled images are fake, told from their scores."""

import numpy as np

_HALVINGS = 40


def fitted_fake_share(counts: np.ndarray, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """The share of fakes that makes a mixture of both classes most likely to give the counts of some bins.

    It supposes that each class still scores as it did, and that only their shares have changed: the prior shift of
    Saerens, Latinne and Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities", Neural
    Computation 14(1), 2002. Their EM climbs the likelihood of posteriors; over bins, the likelihood is concave in the
    one share, so that halving an interval finds its maximum.

    Args:
        counts: images of the bins, `[..., B]`.
        real: shares of the bins among reals, float `[..., B]`, each above 0.
        fake: likewise, among fakes.

    Returns:
        float `[...]` in [0, 1]; 0 where both classes score alike, and any share would do.
    """
    low, high = np.zeros(counts.shape[:-1]), np.ones(counts.shape[:-1])
    difference = fake - real
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        slope = np.sum(counts * difference / mixture(middle, real, fake), axis=-1)
        low, high = np.where(slope > 0, middle, low), np.where(slope > 0, high, middle)
    return np.round((low + high) / 2, 9)


def mixture(share: np.ndarray | float, real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """Shares of bins when a share of the images is fake.

    Args:
        share: of the fakes, `[...]` in [0, 1].
        real: shares of the bins among reals, float `[..., B]`.
        fake: likewise, among fakes.
    """
    share = np.asarray(share)[..., None]
    return (1 - share) * real + share * fake
