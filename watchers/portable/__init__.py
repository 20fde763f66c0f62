"""Watches on their way out and in: as JSON, which holds all of a watch, or as a sheet of cells, which nearly does.

    columns.py   a watch as named cells, and back            guarding.py  cells that no spreadsheet runs
    leaving.py   documents → JSON or CSV                     arriving.py  a file → entries with their lines
    judging.py   entries → which would be saved, which are there already, which are refused and why

Pure but for the documents that ``saving.py`` writes. What a sheet cannot hold is said in its own column.
"""
