"""A retriever: the rows that share most words with the sample, the best one last."""
from sextant_plugin import retriever, run


@retriever
def @NAME@(text, corpus, k, own_row):
    own = set(text.split())
    rows = [row for row in corpus if row["row"] != own_row]
    rows.sort(key=lambda row: (len(own & set(row["text"].split())), -row["row"]))
    return [row["row"] for row in rows[len(rows) - min(k, len(rows)) :]]


run()
