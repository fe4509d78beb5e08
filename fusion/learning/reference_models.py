"""The models behind the references: how each is built, and how its settings are chosen inside the training windows."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.evaluation.reference import BOOSTING, LDA, LOGISTIC, RANDOM_FOREST, SVM
from fusion.learning.sampling import draw_windows

_FOLDS = 3
_CHOSEN_ON = 3000  # windows, at most: choosing is to cost less than fitting

Ints = NDArray[np.int64]
Values = NDArray[np.float32]
Settings = dict[str, float]


@dataclass(frozen=True)
class ReferenceModel:
    """A model to be fitted.

    Attributes
    ----------
    build : callable
        Gives the scikit-learn classifier for a seed and settings.
    grid : callable
        Gives the values to choose from, by setting, for a number of dimensions; the first ones are taken where nothing
        can be compared, and of equals.
    """

    build: Callable[..., Any]
    grid: Callable[[int], dict[str, Sequence[float]]] = lambda dims: {}


def fit_reference(name: str, values: Values, labels: Ints, groups: Ints, seed: int) -> tuple[Any, Settings]:
    """Choose the settings of a model by cross-validation over groups, and fit it with them on all windows.

    Parameters
    ----------
    name : str
        One of `MODELS`.
    values : (windows, dims)
        Training windows.
    labels, groups : (windows,) int
    seed : int

    Returns
    -------
    classifier
        Fitted; one that knows the class frequencies alone where no class has two windows, or only one is there.
    dict of str to float
        The settings chosen; empty where a model has none to choose.
    """
    from sklearn.dummy import DummyClassifier

    model = MODELS[name]
    if not _learnable(labels):
        return DummyClassifier().fit(values, labels), {}
    some = draw_windows(labels, groups, _CHOSEN_ON, seed)
    settings = _choose(model, values[some], labels[some], groups[some], seed)
    return model.build(seed, **settings).fit(values, labels), settings


def _choose(model: ReferenceModel, values: Values, labels: Ints, groups: Ints, seed: int) -> Settings:
    """Return the settings with the best accuracy, the mean over folds."""
    from sklearn.model_selection import ParameterGrid, cross_val_score

    candidates: list[Settings] = list(ParameterGrid(model.grid(values.shape[1])))
    folds = inner_folds(labels, groups, seed) if len(candidates) > 1 else []
    if not folds:
        return candidates[0]
    accuracies = [
        cross_val_score(model.build(seed, **settings), values, labels, cv=folds).mean() for settings in candidates
    ]
    return candidates[int(np.argmax(accuracies))]


def inner_folds(labels: Ints, groups: Ints, seed: int) -> list[tuple[Ints, Ints]]:
    """Divide training windows to choose settings: whole groups are held out, each class in equal shares.

    Parameters
    ----------
    labels, groups : (windows,) int
        The windows of a class that has only one group are divided window by window.
    seed : int

    Returns
    -------
    list of ((fitted,) int, (held out,) int)
        At most three; none where too little is there to hold any out.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    classes, numbers = np.unique(labels, return_inverse=True)
    units = groups.copy()
    for label in classes:
        own = labels == label
        if len(np.unique(groups[own])) == 1:
            units[own] = groups.max() + 1 + np.flatnonzero(own)
    count = min(_FOLDS, max(len(np.unique(units[labels == label])) for label in classes))
    if count < 2:
        return []
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)  # some folds lack it then
        folds = list(splitter.split(numbers, numbers, units))
    return [(fitted, held_out) for fitted, held_out in folds if len(held_out) and _learnable(labels[fitted])]


def _learnable(labels: Ints) -> bool:
    """Say whether there are two classes, and one of them has two windows, so that anything can be estimated."""
    return 1 < len(np.unique(labels)) < len(labels)


def _scaled(model: Any) -> Any:
    """Return a model that sees each dimension with mean 0 and variance 1 on the windows that it is fitted on."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), model)


def _lda(seed: int, shrinkage: float) -> Any:
    """Return linear discriminant analysis whose covariance is drawn towards a multiple of the identity.

    References
    ----------
    J. H. Friedman: "Regularized discriminant analysis", Journal of the American Statistical Association 84, 1989,
    165-175, https://doi.org/10.1080/01621459.1989.10478752
    """
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    return _scaled(LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage))


def _logistic(seed: int, C: float) -> Any:
    """Return multinomial logistic regression; the larger C, the weaker the penalty on squared weights.

    References
    ----------
    S. le Cessie and J. C. van Houwelingen: "Ridge estimators in logistic regression", Applied Statistics 41, 1992,
    191-201, https://doi.org/10.2307/2347628
    """
    from sklearn.linear_model import LogisticRegression

    return _scaled(LogisticRegression(C=C, max_iter=1000))


def _svm(seed: int, C: float, gamma: float) -> Any:
    """Return a support vector machine with RBF kernel.

    References
    ----------
    C. Cortes and V. Vapnik: "Support-vector networks", Machine Learning 20, 1995, 273-297,
    https://doi.org/10.1007/BF00994018
    """
    from sklearn.svm import SVC

    return _scaled(SVC(C=C, gamma=gamma))


def _forest(seed: int) -> Any:
    """Return a random forest of 500 trees.

    References
    ----------
    L. Breiman: "Random forests", Machine Learning 45, 2001, 5-32, https://doi.org/10.1023/A:1010933404324
    """
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(500, random_state=seed)


def _boosting(seed: int) -> Any:
    """Return gradient boosting of 100 rounds of small trees, each split over a random half of the dimensions.

    Nothing of it is chosen, since a choice would cost more than all other references.

    References
    ----------
    J. H. Friedman: "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29, 2001,
    1189-1232, https://doi.org/10.1214/aos/1013203451
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    # stopping early would hold windows out without regard to their groups
    return HistGradientBoostingClassifier(max_leaf_nodes=7, max_features=0.5, early_stopping=False, random_state=seed)


def _svm_grid(dims: int) -> dict[str, Sequence[float]]:
    """Return penalties, and gammas: scikit-learn's for so many dimensions of variance 1, and wider kernels."""
    return {"C": (10.0, 1.0, 100.0), "gamma": [float(f"{factor / dims:.3g}") for factor in (1.0, 0.3, 0.1)]}


MODELS: dict[str, ReferenceModel] = {
    LDA.name: ReferenceModel(_lda, lambda dims: {"shrinkage": (0.1, 0.001, 0.01, 0.03, 0.3, 0.9)}),
    LOGISTIC.name: ReferenceModel(_logistic, lambda dims: {"C": (0.1, 0.001, 0.01, 1.0, 10.0)}),
    SVM.name: ReferenceModel(_svm, _svm_grid),
    RANDOM_FOREST.name: ReferenceModel(_forest),
    BOOSTING.name: ReferenceModel(_boosting),
}
"""The model of each reference that is not trivial."""
