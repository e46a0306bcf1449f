#!/usr/bin/env python3
"""Writes dirty.csv without the records that hold a planted fault: clean.py DIRTY CLEAN"""
import sys
from pathlib import Path

faulty, clean = Path(sys.argv[1]), Path(sys.argv[2])
text = faulty.read_bytes()
truth = faulty.with_suffix(".truth.tsv").read_text().splitlines()[1:]
kept, at = [], 0
for offset in (int(line.split("\t")[2]) for line in truth):
    kept.append(text[at:offset])
    at = text.index(b"\n", offset) + 1
    while text[offset:at].count(b'"') % 2:
        at = text.index(b"\n", at) + 1
clean.write_bytes(b"".join([*kept, text[at:]]))
