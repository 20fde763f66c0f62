"""Watches on their way out and in: JSON holds all of a watch, a sheet of cells nearly all.

    columns.py   a watch as named cells, and back            guarding.py  cells that no spreadsheet runs
    leaving.py   documents → JSON or CSV                     arriving.py  a file → entries with their lines
    judging.py   entries → which would be saved, which are there already, which are refused and why

Pure but for the documents that ``saving.py`` writes. What a sheet cannot hold is said in its own column.
"""
