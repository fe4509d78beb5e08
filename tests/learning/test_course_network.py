from fusion.learning.model import build_model
from fusion.settings.model import CourseModel, NaiveModel


def test_course_network_has_the_course_projects_layers():
    model = build_model(CourseModel(), {"mfcc": (126, 20)}, 9, {})
    kinds = [type(layer).__name__ for layer in model.layers if type(layer).__name__ != "InputLayer"]
    assert kinds == [
        *("Reshape", "Conv2D", "Conv2D", "Conv2D", "MaxPooling2D", "Dropout", "Flatten"),
        *("Dense", "Dropout", "Dense", "Dropout", "Dense", "Activation"),
    ]
    sizes = [getattr(layer, "filters", getattr(layer, "units", None)) for layer in model.layers]
    assert [size for size in sizes if size] == [52, 64, 132, 100, 64, 9]


def test_naive_network_has_no_normalisation():
    model = build_model(NaiveModel(), {"mfcc": (30, 8), "centroid": (8,)}, 5, {})
    kinds = {type(layer).__name__ for layer in model.layers}
    assert "Flatten" in kinds
    assert not kinds & {"Normalization", "BatchNormalization", "LayerNormalization"}
