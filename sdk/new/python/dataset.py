"""A loader: SPLIT.json in the set's folder, each a list of objects whose members are the columns."""
import json
import pathlib

from sextant_plugin import dataset, run


@dataset
def @NAME@(path):
    files = sorted(pathlib.Path(path).glob("*.json"))
    if not files:
        raise FileNotFoundError("there is no file %s/test.json" % path)
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}


run()
