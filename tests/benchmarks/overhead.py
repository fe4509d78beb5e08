"""Processor time of `fusion run` with stored features, against a script written by hand: same network, same clips.

    python tests/benchmarks/overhead.py [--data DIR] [--epochs 10] [--rounds 5]

The script imports keras, reads arrays, builds the network of `experiments/nsynth_mfcc.yaml` from layers of Keras, fits it
on them, keeps the best weights, predicts the test clips and writes the predictions. `fusion run` trains one seed on the
same (the sample, or a data set in NSynth's layout), fits and predicts its references, evaluates and draws its page. Both take turns, each in processes of its own, with
one thread; user and system time of all of them counts. Prints both medians, the median of the ratios, and where fusion's
time goes.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from fusion.datasets.data import read_data
from fusion.datasets.roots import sample_root
from fusion.extraction.prepare import prepare
from fusion.runtime.progress import Progress
from fusion.runtime.workplace import Workplace
from fusion.settings.reading import read_experiment
from fusion.studies.experiment import trainable

EXPERIMENT = Path(__file__).parents[2] / "experiments" / "nsynth_mfcc.yaml"
ONE_THREAD = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")

BY_HAND = """
import sys
import keras
import numpy as np
from keras import layers

folder, epochs, batch = sys.argv[1], int(sys.argv[2]), 16
x, y = ({split: np.load(f"{folder}/{kind}-{split}.npy") for split in ("train", "validation", "test")} for kind in "xy")
keras.utils.set_random_seed(1)
inputs = keras.Input(x["train"].shape[1:])
mean, variance = x["train"].mean(axis=(0, 1)), x["train"].var(axis=(0, 1))
h = layers.Normalization(mean=mean.tolist(), variance=variance.tolist())(inputs)
for n, filters in enumerate((48, 64, 96)):
    h = layers.MaxPooling1D(2, padding="same")(h) if n else h
    h = layers.Conv1D(filters, 3, padding="same", use_bias=False)(h)
    h = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(h))
deviation = keras.ops.sqrt(keras.ops.var(h, axis=1) + 1e-5)
h = layers.Concatenate()([layers.GlobalAveragePooling1D()(h), layers.GlobalMaxPooling1D()(h), deviation])
h = layers.Dense(64, use_bias=False)(layers.Dropout(0.2)(h))
h = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(h))
model = keras.Model(inputs, layers.Dense(y["train"].shape[1], activation="softmax")(h))
rate = keras.optimizers.schedules.CosineDecay(2e-3, epochs * -(-len(x["train"]) // batch))
model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
best = keras.callbacks.EarlyStopping("val_accuracy", patience=25, mode="max", restore_best_weights=True)
validation = (x["validation"], y["validation"])
model.fit(x["train"], y["train"], batch, epochs, verbose=0, validation_data=validation, callbacks=[best])
model.save(f"{folder}/model.keras")
np.savetxt(f"{folder}/predictions.csv", model.predict(x["test"], verbose=0), delimiter=",")
print(model.count_params())
"""

WORKER = "import fusion.learning.train, fusion.learning.references"
MAIN = "import fusion.cli.app, fusion.studies.experiment, fusion.api.result, fusion.cli.console"


def processor_time(*command: object, **environment: str) -> tuple[float, str]:
    """Return user and system seconds of a command and all processes that it started, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    settings = {**os.environ, **ONE_THREAD, "TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    done = subprocess.run(
        [sys.executable, *map(str, command)], env=settings, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def store(folder: Path, root: Path | None) -> int:
    """Extract the features into ``cache``, and write them as arrays for the script; return the clips trained on."""
    experiment = read_experiment(EXPERIMENT)
    place = root or sample_root("nsynth")
    workplace = Workplace(place, root is None, folder / "cache", folder, 1, Progress(quiet=True))
    data = trainable(experiment, read_data(experiment.dataset, workplace))
    prepared = prepare(experiment, data, workplace)
    parts = prepared.parts(data.dataset.each_fold()[0])
    for split, part in parts.items():
        np.save(folder / f"x-{split}.npy", part.rows["mfcc"].take())
        np.save(folder / f"y-{split}.npy", part.targets.astype(np.float32))
    return len(parts["train"])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = store(folder, options.data)
        run = (
            "-m",
            "fusion.cli",
            "run",
            EXPERIMENT,
            *(("--data", options.data) if options.data else ("--sample",)),
            "--seeds",
            1,
            "--jobs",
            1,
            "--cache",
            folder / "cache",
        )
        rows: list[tuple[float, ...]] = []
        for number in range(options.rounds):
            hand, parameters = processor_time("-c", BY_HAND, folder, options.epochs)
            place = folder / f"results{number}"
            fusion, out = processor_time(
                *run, "--results", place, "--set", f"training.epochs={options.epochs}", "--json"
            )
            metrics = json.loads(out)
            if metrics["parameters"] != int(parameters):
                raise SystemExit(f"not the same network: {metrics['parameters']} and {parameters} parameters")
            imports = [processor_time("-c", code)[0] for code in (WORKER, MAIN)]
            rows.append((hand, fusion, fusion / hand, metrics["seconds"]["train_processor"], *imports))
        hand, fusion, ratio, training, worker, command = np.median(rows, axis=0)
        spread = [row[2] for row in rows]
        print(f"{clips} clips, {options.epochs} epochs, medians of {options.rounds} rounds of processor time")
        print(f"by hand {hand:6.2f} s")
        print(f"fusion  {fusion:6.2f} s, {ratio:.2f} times ({min(spread):.2f} to {max(spread):.2f})")
        print(f"  imports of the worker, keras among them {worker:.2f} s, of the command {command:.2f} s")
        print(
            f"  training {training:.2f} s; predictions, references, evaluation, page {fusion - training - worker - command:.2f} s"
        )


if __name__ == "__main__":
    main()
