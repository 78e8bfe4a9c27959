#!/usr/bin/env python3
"""rows.parquet, rows.arrow and expected.json: make_parquet.py FOLDER, in a Python that has pyarrow.

Rows of the kinds of columns that data sets of the Hugging Face hub have, in several row groups and batches; expected is Python's text of each row.
"""
import datetime
import decimal
import json
import pathlib
import sys

import pyarrow
import pyarrow.parquet

SCHEMA = pyarrow.schema([("q", pyarrow.string()), ("label", pyarrow.int64()), ("options", pyarrow.list_(pyarrow.string())),
                         ("meta", pyarrow.struct([("a", pyarrow.int32()), ("b", pyarrow.list_(pyarrow.float32())), ("raw", pyarrow.binary())])),
                         ("flag", pyarrow.bool_()), ("day", pyarrow.date32()), ("at", pyarrow.timestamp("us")), ("price", pyarrow.decimal128(9, 2)),
                         ("picture", pyarrow.binary()), ("score", pyarrow.float64()), ("kind", pyarrow.dictionary(pyarrow.int32(), pyarrow.string())),
                         ("long", pyarrow.large_string()), ("nothing", pyarrow.null()), ("pairs", pyarrow.list_(pyarrow.int8(), 2))])


def row(i):
    odd = i % 2 == 1
    return {"q": f"Frage {i}: \u00e9\U0001f600", "label": i % 2, "options": None if i == 3 else ["x", "it's", ""][:i % 4], "kind": ("red", "green")[i % 2],
            "meta": None if i == 4 else {"a": -i, "b": [0.5 * i, 1.25] if odd else None, "raw": b"\x00"}, "flag": None if i == 5 else odd,
            "day": datetime.date(1969, 12, 20) + datetime.timedelta(days=7 * i), "at": datetime.datetime(1969, 12, 31, 23, 59, 59, 5 if odd else 0) if i != 2 else None,
            "price": decimal.Decimal("-3.05") * i, "picture": b"\xff\x00", "score": [0.1, 1e-7, 3.0, 1e300, 2.5, None, -0.0][i], "long": "l" * i, "nothing": None,
            "pairs": [i, -i]}


def main():
    folder = pathlib.Path(sys.argv[1])
    rows = [row(i) for i in range(7)]
    made = pyarrow.Table.from_pylist(rows, schema=SCHEMA)
    pyarrow.parquet.write_table(made, folder / "rows.parquet", row_group_size=3, compression="zstd")
    with pyarrow.ipc.new_stream(str(folder / "rows.arrow"), SCHEMA) as writer:
        for batch in made.to_batches(max_chunksize=2):
            writer.write_batch(batch)
    shown = []
    for r in made.to_pylist():
        if r["meta"]:
            del r["meta"]["raw"]
        shown.append("|".join(str(r[name]) for name in SCHEMA.names if name != "picture"))
    names = [name for name in SCHEMA.names if name != "picture"]
    (folder / "expected.json").write_text(json.dumps({"template": "|".join("{{%s}}" % name for name in names), "texts": shown}, ensure_ascii=False, indent=1) + "\n",
                                          encoding="utf-8")


if __name__ == "__main__":
    main()
