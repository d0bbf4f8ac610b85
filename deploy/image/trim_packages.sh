#!/bin/sh
# Take from a folder of installed Python packages what a running node never loads. Usage: trim_packages.sh SITE_PACKAGES
set -eu
tools=$(realpath "$(dirname "$0")")
cd "$1"
# Sources and headers for compilers, types for checkers, where pip took a package from.
find . -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.a' -o -name '*.c' -o -name direct_url.json \) -delete
# Bytecode is compiled when the rest is gone.
find . -type d -name __pycache__ -prune -exec rm -rf {} +
# Tests, and NumPy's ways to Fortran and to compilers.
rm -rf kazoo/tests numpy/f2py numpy/distutils numpy/_core/*_tests.*.so numpy/_core/_simd.*.so numpy/_pyinstaller
find numpy -type d -name tests -prune -exec rm -rf {} +
# Of five hundred languages to colour, rich asks for one: Python, in tracebacks.
find pygments/lexers -name '*.py' ! -name __init__.py ! -name _mapping.py ! -name python.py -delete
# cryptography loads the compiled module beside them; these read C declarations when extensions are built.
rm -rf cffi pycparser
# Names of OpenTelemetry for everything there is; its own are all that its tracing loads.
find opentelemetry/semconv/_incubating -name '*.py' ! -name __init__.py ! -name 'otel_*.py' -delete
# Models of pydantic's first version.
rm -rf pydantic/v1
python3 "$tools/strip_libraries.py" .
