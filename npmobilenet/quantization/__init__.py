"""Networks of 8-bit integers: what they are, how they come about, and running them."""

from ..ops.integers.numbers import Quantization as Quantization
from .comparing import Comparison as Comparison
from .comparing import compare as compare
from .correcting import corrected as corrected
from .equalising import equalised as equalised
from .equalising import without_ceiling as without_ceiling
from .network import infer as infer
from .network import intermediates as intermediates
from .plan import QuantizedPlan as QuantizedPlan
from .plan import Step as Step
from .quantizing import quantize as quantize
from .ranges import channel_ranges as channel_ranges
