"""The public names, and the module that each comes from; lazy.py says who reads this."""

from .evaluation import evaluate as evaluate
from .metrics import Evaluation as Evaluation
from .metrics import Scores as Scores
from .model import Model as Model
from .prediction import Prediction as Prediction
from .prediction import predictions as predictions
from .predictor import NotFinite as NotFinite
from .predictor import probabilities as probabilities
