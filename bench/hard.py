#!/usr/bin/env python3
"""Writes files that are hard to read fast, each about 64 MB: hard.py FOLDER [NAME ...]

Without names all of them. `FILES` below says what each one is; the same bytes come every time.
"""
import random
import sys
from pathlib import Path

SIZE = 64_000_000


def lines(*texts, head=""):
    """Lines over and over."""
    piece = "".join(texts).encode()
    return head.encode() + piece * (SIZE // len(piece))


def wide(columns):
    """Records of many short cells."""
    head = ",".join(f"c{n}" for n in range(columns)) + "\n"
    return lines(",".join(str(n % 1000) for n in range(columns)) + "\n", head=head)


def long_cells(text, size):
    """Records of two cells, the second one of `size` bytes."""
    cell = (text * (size // len(text)))
    return lines(*(f"{n},{cell}\n" for n in range(2)), head="id,text\n")


def noise(signs):
    """Bytes in no order."""
    piece = bytes(random.Random(1).choices(signs, k=1_000_000))
    return piece * (SIZE // len(piece))


ORDER = '{n},2024-03-{day:02},"Smith, Jane",please deliver to the side door,12.50,true\n'
ORDERS = [ORDER.format(n=n, day=n % 28 + 1) for n in range(1000)]
HEAD = "id,day,name,note,price,paid\n"

# name -> (what it is, its bytes)
FILES = {
    "quotes": ("nothing but quotes", lambda: b'"' * SIZE),
    "quote_lines": ("lines of one quote", lambda: lines('"\n')),
    "delimiters": ("nothing but commas, on one line", lambda: b"," * SIZE),
    "empty_cells": ("lines of 20 commas", lambda: lines("," * 20 + "\n")),
    "one_column": ("one column of numbers", lambda: lines(*(f"{n}\n" for n in range(10_000, 20_000)), head="n\n")),
    "wide": ("10,000 columns", lambda: wide(10_000)),
    "short": ("records of one digit", lambda: lines("1\n", "2\n")),
    "long": ("cells of 1 MiB", lambda: long_cells("please deliver to the side door. ", 1 << 20)),
    "long_quoted": ("quoted cells of 1 MiB with commas and lines", lambda: long_cells("please, or\nelse ", 1 << 20).replace(b",please", b',"please').replace(b" \n", b'"\n')),
    "too_long": ("lines of 16 MiB, above the limit", lambda: long_cells("x", 16 << 20)),
    "alternating": ("every second byte a quote", lambda: lines('"a"b"c",' * 5 + '"d"\n')),
    "quoted_empty": ("empty cells in quotes", lambda: lines('"",' * 11 + '""\n')),
    "doubled": ("cells of doubled quotes", lambda: lines('"' + '""' * 30 + '",' + '"' + '""' * 30 + '"\n')),
    "many_lines": ("every record spans lines", lambda: lines(*(f'{n},"a\nb\nc"\n' for n in range(1000)), head="id,text\n")),
    "unclosed": ("a quote in every record that never closes", lambda: lines(*(line.replace('e"', "e") for line in ORDERS), head=HEAD)),
    "stray": ("a stray quote in every record", lambda: lines(*(line.replace("side", 'si"de') for line in ORDERS), head=HEAD)),
    "ragged": ("every second record lacks a field", lambda: lines(*(line.replace(",true", "") if n % 2 else line for n, line in enumerate(ORDERS)), head=HEAD)),
    "bad_cells": ("every tenth price is no number", lambda: lines(*(line.replace("12.50", "n.n.") if n % 10 == 1 else line for n, line in enumerate(ORDERS)), head=HEAD)),
    "invalid": ("an invalid byte in every record", lambda: lines(*ORDERS, head=HEAD).replace(b"Jane", b"J\xffne")),
    "nul": ("a NUL in every record", lambda: lines(*ORDERS, head=HEAD).replace(b"Jane", b"J\0ne")),
    "blank_lines": ("nothing but line ends", lambda: b"\n" * SIZE),
    "blank_between": ("a blank line behind every record", lambda: lines(*(line + "\n" for line in ORDERS), head=HEAD)),
    "cr": ("lines that end with CR alone", lambda: lines(*ORDERS, head=HEAD).replace(b"\n", b"\r")),
    "noise": ("delimiters, quotes and line ends in no order", lambda: noise(b'",\n;\'\\ab1\r\t')),
    "utf_16": ("UTF-16", lambda: b"\xff\xfe" + lines(*ORDERS, head=HEAD)[: SIZE // 2].decode().encode("utf-16-le")),
    "windows_1252": ("windows-1252", lambda: lines(*ORDERS, head=HEAD).replace(b"Jane", b"Zo\xeb")),
}


def write(folder, name):
    """The file of this name, made if it is not there."""
    path = Path(folder) / f"{name}.csv"
    if not path.exists():
        whole = path.with_suffix(".part")
        whole.write_bytes(FILES[name][1]())
        whole.rename(path)
    return path


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:] or FILES:
        print(write(sys.argv[1], name))
