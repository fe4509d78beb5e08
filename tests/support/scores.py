"""Made-up labels and scores, and influences by copying clips."""

import numpy as np


def scored(clips=60, classes=5, seed=0, several=False):
    """Return labels and scores that know something of them, ``(clips, classes)`` each."""
    random = np.random.default_rng(seed)
    targets = np.eye(classes, dtype=bool)[random.integers(0, classes, clips)]
    if several:
        targets |= random.random(targets.shape) < 0.2
    logits = random.normal(size=targets.shape) + targets
    odds = np.exp(2 * logits)
    return targets, odds / (1 + odds) if several else odds / odds.sum(axis=1, keepdims=True)


def numeric_influence(metric, targets, scores, copies):
    """Return how much a metric moves by each clip's weight: all clips many times, and one of them once more."""
    many = [np.repeat(values, copies, axis=0) for values in (targets, scores)]
    before = metric(*many)[0]
    each = []
    for clip in range(len(targets)):
        more = [
            np.concatenate([values, own[clip : clip + 1]]) for values, own in zip(many, (targets, scores), strict=True)
        ]
        each.append((metric(*more)[0] - before) * copies)
    return np.array(each)
