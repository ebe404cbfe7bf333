"""Its place before `npmobilenet.predicting`; old imports still work."""

from ..predicting.evaluation import evaluate as evaluate
from ..predicting.predictor import predictor as predictor
from ..predicting.predictor import probabilities as probabilities
