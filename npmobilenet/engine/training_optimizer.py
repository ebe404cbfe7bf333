"""Its place before `npmobilenet.training.fused_optimizer`; old imports still work."""

from ..training.fused_optimizer import FusedOptimizer as FusedOptimizer
