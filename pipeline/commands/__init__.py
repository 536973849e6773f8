"""The commands, one file each: they read options, call the package that does the work, and print its answer.

Importing them loads click alone, so that `--help` answers at once.
"""
