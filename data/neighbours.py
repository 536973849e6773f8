"""Finding all pairs of near hashes."""

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.neighbors import NearestNeighbors


def neighbour_graph(bits: np.ndarray, radius: int) -> csr_matrix:
    """Returns which hashes lie within a Hamming distance of each other.

    Args:
        bits: array [n, b] of zeros and ones.
        radius: largest Hamming distance of a pair, in bits, 0 to b.

    Returns:
        Sparse symmetric matrix [n, n] with a one for every pair within the radius (each hash and itself
        included).
    """
    # For vectors of -1 and +1 the squared Euclidean distance is 4 times the Hamming distance. Scikit-learn
    # searches Euclidean neighbours with matrix products, block by block in bounded memory: far faster in 256
    # dimensions than its trees or its Hamming metric. The half bit keeps rounding away from the boundary.
    signs = bits.astype(np.float32) * 2 - 1
    index = NearestNeighbors(
        radius=2 * np.sqrt(radius + 0.5), metric="euclidean", algorithm="brute", n_jobs=-1
    )
    return index.fit(signs).radius_neighbors_graph(signs, mode="connectivity")
