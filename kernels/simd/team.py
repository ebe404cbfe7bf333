"""Its place before it had the field's word for its name: runtime/work_stealing.py."""

from .runtime.work_stealing import claim as claim
