"""The one way a kernel is compiled: numba, kept on disk under a key that knows every source it came from.

Numba's own cache does not see edits in *other* files, so a kernel that calls an edited kernel would stay
stale and silently disagree. Here the folder's name is a hash of all kernel sources, of the versions and of
the flags that change code; neither the environment nor `numba.config` is touched: they are the user's. The
cache folder may be deleted at any time; it costs one compilation.
"""

import ctypes
import hashlib
import importlib
import inspect
import itertools
import math
import os
import platform
import shutil
import stat
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

import llvmlite  # type: ignore[import-untyped]
import llvmlite.binding  # type: ignore[import-untyped]
import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import caching, cgutils, codegen, config, targetconfig
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import PassManager
from numba.core.imputils import lower_getattr_generic
from numba.core.runtime import rtsys
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, models, register_model
from numba.np import arrayobj, linalg

from sim.errors import InputError

__all__ = [
    "RULE",
    "add",
    "announce",
    "ask",
    "c_function",
    "cache_folder",
    "constant",
    "disabled",
    "handle",
    "intrinsic",
    "kernel",
    "multiply",
    "word",
]

disabled: bool = bool(getattr(config, "DISABLE_JIT", 0))
"""True where kernels run as plain Python (NUMBA_DISABLE_JIT=1)."""

_PACKAGE = Path(__file__).parent
_SOURCES = (
    "jit.py",
    "distributions.py",
    "model/**/*.py",
    "engines/**/*.py",
    "measures/**/*.py",
    "experiments/blocks.py",
)
_FLAGS = (
    *("BOUNDSCHECK", "CPU_FEATURES", "CPU_NAME", "DEBUGINFO_DEFAULT", "DISABLE_INTEL_SVML", "ENABLE_AVX"),
    *("ENABLE_PROFILING", "EXTEND_VARIABLE_LIFETIMES", "LLVM_REFPRUNE_FLAGS", "LLVM_REFPRUNE_PASS"),
    *("LOOP_VECTORIZE", "OPT", "SLP_VECTORIZE"),
)
_STALE = 30 * 24 * 3600.0
_DAY = 24 * 3600.0


def kernel(
    function: Callable[..., Any] | None = None,
    *,
    lean: bool = False,
    often: bool = False,
    seldom: bool = False,
    big: bool = False,
) -> Any:
    """Compile with numba (nogil, cached on disk) on first call; usable bare or with options.

    A kernel that another one calls is a piece of it, and optimised there; the same function called from Python is
    an entry, compiled with all its pieces in one go. Pieces marked `often` become part of their callers, those marked
    `seldom` are kept out of them. `lean` is for entries that take arrays, but make none and return none: references
    are not counted there, which saves some 6 ns a call (and returning an array would crash). `big` ones say on stderr
    when they have to be compiled. With the JIT off the function is returned as it is.
    """
    if function is None:
        return lambda given: kernel(given, lean=lean, often=often, seldom=seldom, big=big)
    if disabled:
        return function
    whole, part = _LeanCompiler if lean else _EntryCompiler, _PieceCompiler
    part = _OftenCompiler if often else _SeldomCompiler if seldom else part
    entry = _compiled(function, pipeline_class=whole, _nrt=not lean)
    piece = _compiled(function, pipeline_class=part, _nrt=False, no_cpython_wrapper=True)
    entry.get_call_template = partial(_without_literals, piece.get_call_template)
    entry.get_overload = piece.get_overload
    folder = cache_folder()
    if folder is not None or big:
        entry._cache = _Cache(function, folder, big)
    return entry


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    return numba.njit(**{"nogil": True, "no_cfunc_wrapper": True} | options)(function)


class _Piece(codegen.JITCodeLibrary):  # type: ignore[misc]
    """The code of a kernel as others call it: neither optimised nor run by itself, nor linked to its own pieces.

    Numba optimises every function together with all that it calls, so that a tree of pieces is optimised once
    for each of its levels, and makes machine code of each.
    """

    attributes: tuple[str, ...] = ()

    @property
    def codegen(self) -> Any:
        return _NowhereToRun(self._codegen)

    def add_ir_module(self, module: Any) -> None:
        for function in module.functions:
            if not function.is_declaration and function.name.startswith(_OURS):
                function.linkage = "linkonce_odr"
                for attribute in self.attributes:
                    function.attributes.add(attribute)
        self._final_module = llvmlite.binding.parse_assembly(cgutils.normalize_ir_text(str(module)))

    def _get_module_for_linking(self) -> Any:
        return self._final_module

    def get_pointer_to_function(self, name: str) -> int:
        return 0

    def finalize(self) -> None:
        self._finalized = True


class _NowhereToRun:
    """The code generator of a piece, which has no address where an environment could be put."""

    def __init__(self, generator: Any) -> None:
        self._generator = generator

    def __getattr__(self, name: str) -> Any:
        return getattr(self._generator, name)

    def set_env(self, name: str, environment: Any) -> None:
        pass


class _OftenPiece(_Piece):
    attributes = ("alwaysinline",)


class _SeldomPiece(_Piece):
    attributes = ("noinline", "cold")


class _Entry(codegen.JITCodeLibrary):  # type: ignore[misc]
    """The code of a kernel that Python calls, with its pieces and theirs."""

    def finalize(self) -> None:
        self._linking_libraries = _with_their_own(self._linking_libraries)
        super().finalize()

    def serialize_using_object_code(self) -> Any:
        """Return what is kept on disk: the machine code, and the names in it where numba adds code to link with."""
        self._ensure_finalized()
        names = [found.name for found in self.get_defined_functions()]
        text = "".join(f'define void @"{name}"() {{ unreachable }}\n' for name in names)
        return (
            self.name,
            "object",
            (self._get_compiled_object(), llvmlite.binding.parse_assembly(text).as_bitcode()),
        )


def _with_their_own(libraries: list[Any]) -> list[Any]:
    """Return some libraries and all that pieces among them are linked to, each once, after one that needs it."""
    found: dict[Any, None] = {}
    left = list(libraries)
    while left:
        library = left.pop()
        if library not in found:
            found[library] = None
            if isinstance(library, _Piece):
                left += library._linking_libraries
    return list(found)


class _LeanEntry(_Entry):
    """One in which no references are counted, so that nothing need be pruned before the one optimisation."""

    def _optimize_functions(self, module: Any) -> None:
        pass

    def _optimize_final_module(self) -> None:
        passes, builder = self._codegen._module_pass_manager()
        passes.run(self._final_module, builder)


class _EntryCompiler(Compiler):  # type: ignore[misc]
    """Numba's compiler, writing into such a library."""

    library: Any = _Entry

    def __init__(self, *arguments: Any, **named: Any) -> None:
        _load_without_linear_algebra()
        super().__init__(*arguments, **named)
        if self.state.library is None:
            self.state.library = self.library(self.state.targetctx.codegen(), f"kernel{next(_numbers)}")
            self.state.library.enable_object_caching()


class _LeanCompiler(_EntryCompiler):
    library = _LeanEntry


class _PieceCompiler(_EntryCompiler):
    library = _Piece

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.state.flags.noalias = True  # nothing that a piece writes to holds the handles it is given

    def define_pipelines(self) -> list[Any]:
        (usual,) = super().define_pipelines()
        steps = PassManager("piece")
        steps.passes = [step for step in usual.passes if step[0].__name__ not in _NEEDLESS]
        steps.finalize()
        return [steps]


_NEEDLESS = frozenset(
    (
        *("WithLifting", "InlineClosureLikes", "RewriteSemanticConstants", "DeadBranchPrune"),
        *("RewriteDynamicRaises", "MakeFunctionToJitFunction", "InlineInlinables", "FindLiterallyCalls"),
        *("LiteralUnroll", "LiteralPropagationSubPipelinePass", "InlineOverloads", "NopythonRewrites"),
        *("NoPythonSupportedFeatureValidation", "DumpParforDiagnostics"),
    )
)
"""Steps of numba's for what no piece has: closures, raising, whole-array expressions, branches by literals."""


class _OftenCompiler(_PieceCompiler):
    library = _OftenPiece


class _SeldomCompiler(_PieceCompiler):
    library = _SeldomPiece


_numbers = itertools.count()


def _remembered(resolve: Callable[..., Any]) -> Callable[..., Any]:
    """Numba's search for what an operation means, which tries up to dozens of templates, asked once for each type.

    Only where our kernels are compiled, which count no references: others may set flags that change the answer.
    """
    found: dict[Any, Any] = {}

    def look_up(self: Any, context: Any, arguments: Any, named: Any) -> Any:
        flags = targetconfig.ConfigStack.top_or_none()
        if named or flags is None or flags.nrt:
            return resolve(self, context, arguments, named)
        key = self, context, tuple(arguments)
        if key not in found:
            signature = resolve(self, context, arguments, named)
            found[key] = signature, self._impl_keys[signature.args]
        signature, self._impl_keys[signature.args] = found[key]
        return signature

    return look_up


types.BaseFunction.get_call_type = _remembered(types.BaseFunction.get_call_type)  # type: ignore[method-assign]


def _without_literals(find: Callable[..., Any], arguments: Any, named: Any) -> Any:
    """Find the compiled kernel for a call's types; numba would make one for each constant in the caller.

    Nor is there one for 32-bit integers, in which tables are kept.
    """
    return find(
        [_plain(given) for given in arguments], {name: _plain(given) for name, given in named.items()}
    )


def _plain(kind: Any) -> Any:
    kind = types.unliteral(kind)
    return types.int64 if kind == types.int32 else kind


def _counted_from_the_start(context: Any, builder: Any, kind: Any, index: Any, size: Any) -> Any:
    """Numba's hook for indices, without its test for negative ones in our kernels: a tenth of their time."""
    if builder.function.name.startswith(_OURS):
        return context.cast(builder, index, kind, types.intp)
    return _counted_from_the_end_too(context, builder, kind, index, size)


_OURS = f"_ZN{len(__package__)}{__package__}"  # how the names of our kernels begin in machine code
_counted_from_the_end_too = arrayobj.fix_integer_index
arrayobj.fix_integer_index = _counted_from_the_start


_NO_CAUSE = (
    "Failed in nopython mode",
    "- Resolution failure",
    "During:",
    "[1] During",
    "File ",
    "def ",
    "<source",
)


RULE = ctypes.CFUNCTYPE(
    ctypes.c_double, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_double, ctypes.c_int64
)
"""A user's routing rule in C: group, queue, level, seconds waited, how many stand there → score."""


def c_function(rule: Callable[..., Any]) -> tuple[int, Any]:
    """Make a C function of a user's rule: its address, and what must be kept as long as that is used.

    rule: rule(group, queue, level, waited, length) → number, with numba or not; where it fails, the answer is
    NaN. Raises InputError if numba cannot compile it.
    """
    try:
        inspect.signature(rule).bind(0, 0, 1, 0.0, 0)
    except (TypeError, ValueError):
        raise InputError("a rule is a function of (group, queue, level, waited, length)") from None
    if disabled:
        plain = getattr(rule, "py_func", rule)

        def called(group: int, queue: int, level: int, waited: float, length: int) -> float:
            try:
                return float(plain(group, queue, level, waited, length))
            except Exception:
                return math.nan

        kept: Any = RULE(called)
        return int(ctypes.cast(kept, ctypes.c_void_p).value or 0), kept
    if not (hasattr(rule, "py_func") or inspect.isfunction(rule)):
        raise InputError(f"a rule is a function, with numba.njit or without; {rule!r:.60} is none")
    fast = rule if hasattr(rule, "py_func") else numba.njit(rule)

    def answer(group: int, queue: int, level: int, waited: float, length: int) -> float:
        try:
            return 1.0 * fast(group, queue, level, waited, length)
        except Exception:
            return math.nan

    try:
        kept = numba.cfunc("float64(int64, int64, int64, float64, int64)")(answer)
    except Exception as error:  # numba has many, and Python's own
        raise InputError(_why_not(fast, error)) from None
    return int(kept.address), kept


def _why_not(rule: Any, error: Exception) -> str:
    """Why a rule cannot be a C function: it compiles and returns something else than a number, or numba cannot."""
    for kind in (found.return_type for found in rule.nopython_signatures):
        if not isinstance(kind, types.Integer | types.Float | types.Boolean):
            said = f"the rule returns {types.unliteral(kind)}, as numba calls it, and no number"
            return f"{said}; let it return one, −inf for a queue that is not to be served now"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = next((line for line in lines if not line.startswith(_NO_CAUSE)), type(error).__name__)
    return f"numba cannot compile the rule: {told}"


@cache
def announce() -> None:
    """Say once per process, on stderr, why the first answer takes a while."""
    where = "once per installation" if cache_folder() else "no private cache folder: set CCSIM_CACHE to one"
    print(f"compiling the simulation kernels ({where})…", file=sys.stderr, flush=True)


@cache
def cache_folder() -> Path | None:
    """Return the private folder of this build's kernels, made if need be; None where there cannot be one."""
    try:
        folder = _root() / f"kernels-{_key()}"
        if not folder.is_dir():
            _forget_old(folder.parent)
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _private(folder):
            return None
    except (OSError, RuntimeError):  # no home, no permission, sources inside a zip
        return None
    _mark_used(folder)
    return folder


def _root() -> Path:
    """Return $CCSIM_CACHE, or callcenter-sim in the user's cache folder."""
    if own := os.environ.get("CCSIM_CACHE"):
        return Path(own).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "callcenter-sim"


def _key() -> str:
    """Hash everything that the machine code depends on."""
    digest = hashlib.blake2b(digest_size=12)
    for path in sorted({path for pattern in _SOURCES for path in _PACKAGE.glob(pattern)}):
        digest.update(f"{path.relative_to(_PACKAGE).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    versions = (numba.__version__, np.__version__, llvmlite.__version__, sys.version, platform.machine())
    digest.update(repr((versions, llvmlite.binding.get_host_cpu_name(), _flags())).encode())
    return digest.hexdigest()


def _flags() -> tuple[str, ...]:
    """Return the settings of numba that change the code it makes, as they stand now."""
    return tuple(f"{name}={getattr(config, name, None)!s}" for name in _FLAGS)


def _private(folder: Path) -> bool:
    """Tell whether only this user or root can write there: numba's files are pickles, which can run code."""
    if sys.platform == "win32":
        return True
    found = folder.stat()
    return found.st_uid in (os.getuid(), 0) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _mark_used(folder: Path) -> None:
    """Note the day of use in the folder's time, by which old folders are told."""
    try:
        if time.time() - folder.stat().st_mtime > _DAY:
            os.utime(folder)
    except OSError:  # a read-only cache still serves
        pass


def _forget_old(root: Path) -> None:
    """Remove the folders of builds unused for 30 days."""
    for folder in root.glob("kernels-*"):
        try:
            if time.time() - folder.stat().st_mtime > _STALE:
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:
            continue


class _Locator(caching._SourceFileBackedLocatorMixin, caching._CacheLocator):
    """Numba's question where a function's files go, answered with our folder."""

    def __init__(self, function: Callable[..., Any], folder: Path):
        self._py_file = function.__code__.co_filename
        self._lineno = function.__code__.co_firstlineno
        self._folder = folder

    def get_cache_path(self) -> str:
        return str(self._folder)


class _Files(caching.CompileResultCacheImpl):
    """Numba's serialiser, without its own search for a folder."""

    def __init__(self, function: Callable[..., Any], folder: Path):
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Locator(function, folder)
        name = f"{function.__module__}.{function.__qualname__}"
        self._filename_base = self.get_filename_base(name, getattr(sys, "abiflags", ""))


class _Cache(caching.FunctionCache):
    """A kernel's disk cache that can fail only into compiling."""

    def __init__(self, function: Callable[..., Any], folder: Path | None, big: bool):
        self._py_func, self._name, self._big = function, repr(function), big
        self._cache_path, self._enabled = str(folder), False
        if folder is None:
            return
        try:
            self._impl = _Files(function, folder)
            stamp = self._impl.locator.get_source_stamp()
        except OSError:  # defined at a prompt: no file whose edits could be seen
            return
        base = self._impl.filename_base
        self._cache_file = caching.IndexDataCacheFile(self._cache_path, base, stamp)
        # Two processes that compile at once must not write other signatures' code under one file name.
        self._cache_file._data_name_pattern = f"{base}.{uuid.uuid4().hex[:12]}.{{number:d}}.nbc"
        self._enabled = True

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:  # not by numba's own way, which first loads what only compiling needs: a sixth of a warm start
            rtsys.initialize(target_context)
            with self._guard_against_spurious_io_errors():
                found = self._load_overload(sig, target_context)
        except Exception:  # a file cut short, or unreadable: as if it were not there
            found = None
            with suppress(Exception):
                self.flush()
        if found is None and self._big:
            announce()
        return found

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except Exception:  # disk full, read-only, folder gone: the kernel itself is fine
            self._enabled = False

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        """Add the flags as they stand at compilation: a program may set them after importing us."""
        return (*super()._index_key(sig, codegen), _flags())


@cache
def _load_without_linear_algebra() -> None:
    """Load numba's arrays without its import of scipy.linalg, a quarter of a second, only to see that it is there."""
    asks, linalg.ensure_blas = linalg.ensure_blas, lambda: None
    try:
        importlib.import_module("numba.np.arraymath")
    finally:
        linalg.ensure_blas = asks


# Arithmetic on 64-bit words, the same for int64, uint64 and Python integers: numba makes a float of int64
# with uint64, and has no 128-bit product. Plain Python's integers never overflow: there words are masked.


def constant(x: int) -> Any:
    """Return an integer in the form that a kernel's module-level constant needs to be a word."""
    return x if disabled else np.uint64(x)


if disabled:
    _MASK = (1 << 64) - 1

    def word(x: Any) -> Any:
        """Return an integer as a word, modulo 2⁶⁴."""
        return int(x) & _MASK

    def add(x: Any, y: Any) -> Any:
        """Return the sum of two words, modulo 2⁶⁴."""
        return (x + y) & _MASK

    def multiply(x: Any, y: Any) -> Any:
        """Return the high and the low word of the product of two words."""
        return (x * y) >> 64, (x * y) & _MASK

    def handle(given: Any) -> Any:
        """Return a handle on a named tuple of arrays: in plain Python the tuple itself."""
        return given

    def ask(address: int, group: int, queue: int, level: int, waited: float, length: int) -> float:
        """Return what the C function at an address answers."""
        return RULE(address)(group, queue, level, waited, length)

else:

    @kernel
    def word(x: Any) -> Any:
        """Return an integer as a word, modulo 2⁶⁴."""
        return np.uint64(x)

    @kernel
    def add(x: Any, y: Any) -> Any:
        """Return the sum of two words, modulo 2⁶⁴."""
        return np.uint64(x) + np.uint64(y)

    class _HandleType(types.Type):
        """A pointer to a named tuple that stays where it is while kernels hand it to each other."""

        def __init__(self, tuple_type: Any) -> None:
            self.tuple = tuple_type
            short = hashlib.blake2b(str(tuple_type).encode(), digest_size=6).hexdigest()
            # Names of kernels hold those of their types: with all fields spelt out they are pages long.
            super().__init__(name=f"handle({tuple_type.instance_class.__name__}, {short})")

    @register_model(_HandleType)
    class _HandleModel(models.PrimitiveModel):  # type: ignore[misc]
        def __init__(self, manager: Any, kind: Any) -> None:
            super().__init__(manager, kind, manager.lookup(kind.tuple).get_value_type().as_pointer())

    @infer_getattr
    class _HandleFields(AttributeTemplate):  # type: ignore[misc]
        key = _HandleType

        def generic_resolve(self, kind: Any, field: str) -> Any:  # type: ignore[override]
            return kind.tuple.types[kind.tuple.fields.index(field)] if field in kind.tuple.fields else None

    @lower_getattr_generic(_HandleType)
    def _field(context: Any, builder: Any, kind: Any, value: Any, field: str) -> Any:
        place = ir.Constant(ir.IntType(32), kind.tuple.fields.index(field))
        return builder.load(builder.gep(value, [ir.Constant(ir.IntType(32), 0), place], inbounds=True))

    @intrinsic
    def handle(typing_context: Any, given: Any) -> Any:
        """Return a handle on a named tuple of arrays: one word where the tuple would be hundreds."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return cgutils.alloca_once_value(builder, arguments[0])

        return _HandleType(given)(given), generate

    @intrinsic
    def ask(
        typing_context: Any, address: Any, group: Any, queue: Any, level: Any, waited: Any, length: Any
    ) -> Any:
        """Return what the C function at an address answers."""
        whole, real = ir.IntType(64), ir.DoubleType()

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = ir.FunctionType(real, [whole, whole, whole, real, whole])
            return builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), arguments[1:])

        return types.float64(
            types.int64, types.int64, types.int64, types.int64, types.float64, types.int64
        ), generate

    @intrinsic
    def multiply(typing_context: Any, x: Any, y: Any) -> Any:
        """Return the high and the low word of the product of two words."""
        pair = types.UniTuple(types.uint64, 2)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            wide, narrow = ir.IntType(128), ir.IntType(64)
            product = builder.mul(builder.zext(arguments[0], wide), builder.zext(arguments[1], wide))
            high = builder.trunc(builder.lshr(product, ir.Constant(wide, 64)), narrow)
            return context.make_tuple(builder, pair, (high, builder.trunc(product, narrow)))

        return pair(types.uint64, types.uint64), generate
