"""What a compiled kernel's stamp covers."""

from __future__ import annotations

from sargas.model import geodesy
from sargas.model.jit import _PACKAGE, imports_of, stamp_of


def near_and_far(name: str) -> set[str]:
    """Follow imports by hand, one file at a time."""
    seen, new = set(), {_PACKAGE / name}
    while new:
        seen |= new
        new = set().union(*(imports_of(p) for p in new)) - seen
    return {str(p.relative_to(_PACKAGE)) for p in seen}


def test_a_kernel_is_stamped_with_all_that_it_imports():
    covered = near_and_far("watch/detect/slow_fold.py")
    assert {"model/geodesy.py", "watch/locate.py", "watch/detect/base.py"} <= covered
    assert not covered & {"watch/detect/drag.py", "watch/judge.py", "cli/scan.py"}


def test_a_module_imported_from_its_package_is_found():
    assert "watch/detect/base.py" in near_and_far("watch/judge.py")


def test_the_stamp_is_in_the_kernels_cache():
    index = geodesy.metres_per_degree._cache._cache_file
    assert stamp_of(_PACKAGE / "model/geodesy.py") in index._source_stamp
