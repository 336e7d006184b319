"""Compiles the simulated exchange to C while a wheel is built, if `HATCH_BUILD_HOOK_ENABLE_CUSTOM=true` asks for it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilderConfig

EXCHANGE = "brokerkit/plugins/sim/exchange"
PLAIN = {"__init__.py", "clock.py"}
"""What stays Python: the clock's loop is where Ctrl-C and other threads get their turn, and gains nothing by C."""

DIRECTIVES = {"language_level": 3, "annotation_typing": False}
"""An annotation makes nothing a C type: an int stays Python's, which has no largest value."""

FLAGS = ["-O2", "-g0"]
"""With Python's own, -O3 and debug symbols, compiling takes two thirds longer."""


class CompiledExchange(BuildHookInterface[WheelBuilderConfig]):
    """Adds compiled modules to the wheel beside the sources of the exchange: Python prefers them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile every module of the exchange, and tell the wheel which files to add."""
        if version == "editable":
            raise SystemExit(
                "The exchange cannot be compiled in an editable install: edits to its source would have no effect. "
                "Leave out -e, or HATCH_BUILD_HOOK_ENABLE_CUSTOM."
            )
        self._folder = Path(tempfile.mkdtemp(prefix="brokerkit-compile-"))
        try:
            outputs = self._compile()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        for compiled in outputs:
            build_data["force_include"][str(compiled)] = f"{EXCHANGE}/{compiled.name}"
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was compiled: the wheel has it."""
        shutil.rmtree(self._folder)

    def _compile(self) -> list[Path]:
        from Cython.Build import cythonize  # the hook's own dependencies: installed only where it runs
        from setuptools import Distribution, Extension
        from setuptools.errors import CCompilerError

        sources = sorted(path for path in Path(self.root, EXCHANGE).glob("*.py") if path.name not in PLAIN)
        extensions = cythonize(
            [Extension(_module(path), [str(path)], extra_compile_args=FLAGS) for path in sources],
            build_dir=str(self._folder / "c"),
            compiler_directives=DIRECTIVES,
            quiet=True,
        )
        command = Distribution({"ext_modules": extensions}).get_command_obj("build_ext")
        command.build_lib, command.build_temp = str(self._folder / "lib"), str(self._folder / "o")
        command.parallel = True
        command.ensure_finalized()
        try:
            command.run()
        except CCompilerError as error:
            raise SystemExit(
                f"The exchange cannot be compiled: {error}. Install a C compiler and Python's headers, or leave out "
                "HATCH_BUILD_HOOK_ENABLE_CUSTOM."
            ) from error
        return [Path(output) for output in command.get_outputs()]


def _module(path: Path) -> str:
    return f"{EXCHANGE.replace('/', '.')}.{path.stem}"
