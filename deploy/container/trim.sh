#!/bin/sh
# Takes out of an environment what an image of fabwatch never runs; a third of its size. The packages stay installed and importable.
set -eu

site="$(echo "$1"/lib/python3.*/site-packages)"
# An image is not installed into.
rm -rf "$site"/pip "$site"/pip-*.dist-info "$1"/bin/pip*
# What compiles against the packages, or tests them.
find "$site" -mindepth 2 -type d \( -name tests -o -name test -o -name include \) -prune -exec rm -rf {} +
find "$site" -type f \( -name '*.pyi' -o -name '*.pxd' -o -name '*.a' \) -delete
# Libraries for other systems and for debuggers that interpret-core carries in every wheel.
find "$site/interpret" -type f \( -name '*.dll' -o -name '*.dylib' -o -name '*.pdb' -o -name '*_debug.so' \) -delete
# Arrow's network between its own servers; its way to object storage stays.
rm -f "$site"/pyarrow/libarrow_flight.so* "$site"/pyarrow/_flight.*.so
# onnxruntime for programs in C, and its tools for making models smaller.
rm -rf "$site"/onnxruntime/capi/libonnxruntime.so* "$site"/onnxruntime/transformers "$site"/onnxruntime/quantization "$site"/onnxruntime/tools
# Dates and numbers are written in English and Spanish.
find "$site/babel/locale-data" -name '*.dat' ! -name 'root.dat' ! -name 'en.dat' ! -name 'en_*' ! -name 'es.dat' ! -name 'es_*' -delete
