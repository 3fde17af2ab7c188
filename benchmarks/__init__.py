"""Measurements, one module a subject; each prints a table. Run as `python -m benchmarks.NAME`."""

from hotline.processor import settle_processor

settle_processor()
