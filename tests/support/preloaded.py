"""What warm workers have imported before they begin: the fork server of `tests.support.warm` imports this, nobody else.

TensorFlow is only imported: it may be used on one side of a fork alone.
"""

from __future__ import annotations

import os
from multiprocessing import forkserver

os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # TensorFlow chatters, into whatever test starts the first worker
os.dup2(2, 1)

import fusion.extraction.extract
import fusion.learning.references
import fusion.learning.train
import fusion.runtime.workers
import fusion.search.worker
import fusion.studies.mask
import fusion.studies.predict
import librosa
import numpy as np
import scipy.fft
import sklearn.ensemble
import sklearn.svm  # noqa: F401
from fusion.sound.clip import Clip
from fusion_features.mfcc import MFCC
from fusion_features.spectral_centroid import SpectralCentroid
from fusion_features.spectral_rolloff import SpectralRolloff
from fusion_features.tonnetz import Tonnetz
from fusion_features.zero_crossing_rate import ZeroCrossingRate

from tests.support.warm import WarmContext

fusion.runtime.workers._Context = WarmContext  # workers that start workers
forkserver._forkserver.ensure_running = lambda: None  # they ask the server that made them
