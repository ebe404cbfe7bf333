"""npmobilenet.kernels in a checkout that has no symbolic links.

The sources of the kernels stand in kernels/ at the top of the checkout.  Installing maps them to
npmobilenet.kernels, and in the checkout a link does.  Git for Windows and most unpackers of archives
write a file with the link's target instead, or nothing: then the package is loaded from where it is.
"""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path


def find_kernels() -> None:
    """Import npmobilenet.kernels from the top of the checkout, where the link to it is no link."""
    here, name = Path(__file__).parent, f"{__package__}.kernels"
    top = here.parent
    kernels = top / "kernels"
    if (here / "kernels").is_dir() or name in sys.modules:
        return  # linked, or installed
    if not ((top / "pyproject.toml").is_file() and (kernels / "compiling.py").is_file()):
        return  # no checkout: another project's `kernels` is not ours
    spec = spec_from_file_location(
        name, kernels / "__init__.py", submodule_search_locations=[str(kernels)]
    )
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[name.rpartition(".")[0]].__dict__["kernels"] = module  # as an import would


find_kernels()
