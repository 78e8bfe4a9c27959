#!/usr/bin/env python3
"""Writes core/load/homophones.inc: common Chinese characters that sound alike, a line of them each. The characters are the 3,755 of
GB 2312's first level; how each is read comes from pypinyin (pip install pypinyin), and only characters with one reading, tone
included, are taken, so that a character is never changed for one that sounds otherwise. tools/homophones.py > core/load/homophones.inc"""
import collections

from pypinyin import Style, pinyin

groups = collections.defaultdict(str)
for high in range(0xB0, 0xD8):
    for low in range(0xA1, 0xFF):
        try:
            character = bytes([high, low]).decode("gb2312")
        except UnicodeDecodeError:
            continue
        readings = pinyin(character, style=Style.TONE3, heteronym=True)[0]
        if len(readings) == 1:
            groups[readings[0]] += character
print("// Made by tools/homophones.py. Characters that sound alike, a blank between two sounds.")
line = ""
for characters in (g for _, g in sorted(groups.items()) if len(g) > 1):
    if len((line + characters).encode()) > 118:
        print(f'"{line}"')
        line = ""
    line += characters + " "
print(f'"{line}"')
