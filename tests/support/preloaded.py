"""What warm workers have imported before they begin: the fork server of `tests.support.warm` imports this, nobody else.

TensorFlow is only imported: it may be used on one side of a fork alone.
"""

from __future__ import annotations

import os
from importlib import import_module
from multiprocessing import forkserver

import numpy as np

from fusion.runtime import workers
from fusion.sound.clip import Clip
from fusion_features.mfcc import MFCC
from fusion_features.tonnetz import Tonnetz
from tests.support.warm import WarmContext

os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # TensorFlow chatters, into whatever test starts the first worker
os.dup2(2, 1)
for name in ("extraction.extract", "learning.references", "search.worker", "studies.mask", "studies.predict"):
    import_module(f"fusion.{name}")
for name in ("sklearn.discriminant_analysis", "sklearn.ensemble", "sklearn.linear_model", "sklearn.svm"):
    import_module(name)
for feature in (MFCC(), Tonnetz()):  # librosa is imported by its first use
    feature.extract(Clip(np.sin(np.arange(16000, dtype=np.float32) / 10), 16000))
workers.Context = WarmContext
forkserver._forkserver.ensure_running = lambda: None  # workers that start workers ask the server that made them
