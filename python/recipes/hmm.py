"""A hidden Markov model over windows of packets: which usage each part of a mixed dialog is.

States are usages. What is seen of a window is its cluster; how often a usage shows each cluster is counted in dialogs of one
usage. The most probable sequence of states is found by Viterbi's algorithm.
"""

import numpy
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler


class WindowModel:
    """Clusters of windows, and how often each usage shows them."""

    def __init__(self, clusters=24, stay=0.9, seed=0):
        #: `stay` is the probability that the next window is of the same usage.
        self.scaler, self.kmeans, self.stay = StandardScaler(), KMeans(clusters, n_init=4, random_state=seed), stay

    def fit(self, windows, usages):
        """windows: a row for each window of dialogs of one usage; usages: that of each window."""
        symbols = self.kmeans.fit_predict(self.scaler.fit_transform(windows))
        self.usages, states = numpy.unique(usages, return_inverse=True)
        # One more of each (Laplace), so that nothing is impossible.
        counts = numpy.ones((len(self.usages), self.kmeans.n_clusters))
        numpy.add.at(counts, (states, symbols), 1)
        self.emission = numpy.log(counts / counts.sum(axis=1, keepdims=True))
        change = (1 - self.stay) / max(len(self.usages) - 1, 1)
        self.transition = numpy.log(numpy.where(numpy.eye(len(self.usages), dtype=bool), self.stay, change))
        return self

    def predict(self, windows):
        """The usage of each window of one dialog, in order."""
        symbols = self.kmeans.predict(self.scaler.transform(windows))
        start = numpy.full(len(self.usages), -numpy.log(len(self.usages)))
        return self.usages[viterbi(start, self.transition, self.emission[:, symbols].T)]


def viterbi(start, transition, seen):
    """The most probable states. All are logarithms of probabilities: of the first state, from each state to each, and of
    what is seen at each step in each state."""
    best = start + seen[0]
    came_from = numpy.zeros(seen.shape, dtype=int)
    for step in range(1, len(seen)):
        ways = best[:, None] + transition
        came_from[step] = ways.argmax(axis=0)
        best = ways.max(axis=0) + seen[step]
    states = [int(best.argmax())]
    for step in range(len(seen) - 1, 0, -1):
        states.append(int(came_from[step][states[-1]]))
    return numpy.array(states[::-1])


def windows_of(lengths, is_answer, times, size):
    """A row of features for each window of so many packets (the last may hold fewer) and the window of each packet.

    Features: shares of packets and mean lengths by direction, largest length, and logarithms of the mean and the longest
    gap before a packet of the window, in milliseconds.
    """
    lengths, is_answer = numpy.asarray(lengths, dtype=float), numpy.asarray(is_answer, dtype=bool)
    gaps = numpy.diff(numpy.asarray(times, dtype=float), prepend=times[0]) / 1e6
    place = numpy.arange(len(lengths)) // size
    rows = []
    for window in range(place[-1] + 1):
        inside = place == window
        length, answer, gap = lengths[inside], is_answer[inside], gaps[inside]
        means = [length[side].mean() if side.any() else 0.0 for side in (~answer, answer)]
        rows.append([answer.mean(), *means, length.max(), numpy.log1p(gap.mean()), numpy.log1p(gap.max())])
    return numpy.array(rows), place
