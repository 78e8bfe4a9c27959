#!/usr/bin/env python3
"""Writes jinja_lm_eval.json: what Jinja2 makes of the templates below in the environment that lm-eval renders tasks in (StrictUndefined,
keep_trailing_newline, the filter regex_replace), and which names it takes from the record.

Needs: pip install jinja2 (3.1.6). Usage: make_lm_eval_jinja.py > jinja_lm_eval.json
{"record": ..., "cases": [{"source", "text": its text, or null where it is refused, "undefined": the name that the refusal is about,
"variables": jinja2.meta's}]}
"""
import json
import re
import sys

import jinja2
import jinja2.meta

RECORD = {
    "question": "What is 2 + 2?", "choices": ["three", "four", "it's \"5\""], "answer": 1, "letter": "B", "empty": "", "blank": "  padded\t\n",
    "none": None, "yes": True, "no": False, "pi": 3.5, "one": 1.0, "tiny": 1e-7, "huge": 1e22, "big": 12345678901, "neg": -7,
    "mixed": [1, "x", None, "it's", 2.5, True, [1, []], {"k": None}], "nested": {"a": {"b": [10, 20, {"c": "deep"}]}, "items": "shadowed"},
    "text": "one\r\ntwo\nthree\n", "html": "<a href='x'>&</a>", "unicode": "\u00dcn\u00ef \u4e2d\u6587 \U0001f642", "rows": [{"n": "a", "v": 1}, {"n": "b", "v": 2}, {"n": "c"}],
    "ctx": "The [title] of  a   [substeps] thing", "list": ["p", "q"], "number": "42", "range": [5], "quote": "say \"hi\"", "path": "a\\b",
}

CASES = [
    # values as Python prints them
    "{{question}}", "{{ choices }}", "{{ mixed }}", "{{ nested }}", "{{none}} {{yes}} {{no}}", "{{pi}} {{one}} {{tiny}} {{huge}} {{big}} {{neg}}",
    "{{ unicode }}", "{{ text }}", "{{ quote }} {{ path }} {{ [quote, path] }}", "{{ html }}", "{{ empty }}|{{ blank }}|",
    # blanks: nothing is trimmed, and a newline at the end stays
    "a\n", "a\n\n", "\n", "{{question}}\n", "Q: {{question}}\nA:", "{% if yes %}\nx\n{% endif %}\n", "  {% if yes %}  x{% endif %}  \n", "a\r\nb\r\n", "a\rb",
    "{% if yes -%}\n  x\n{%- endif %}\n", "{%- if yes %} x {% endif -%}  \n y\n", "{{- question -}}  \n", "a {# note #}\nb\n", "a {#- note -#}\n b\n", "{% raw %}{{x}}{% endraw %}\n",
    "{%+ if yes %}x{%+ endif %}\n", "{% for c in choices %}\n{{c}}\n{% endfor %}\n",
    # access
    "{{choices[answer]}}", "{{choices[-1]}}", "{{choices[0][1:3]}}", "{{ choices[:2] }}", "{{nested.a.b[2].c}}", "{{nested['a']['b'][0]}}",
    "{{nested['items']}}", "{{rows[0].n}}{{rows[1]['v']}}", "{{question.split(' ')[1]}}", "{{question[0]}}", "{{unicode[4:6]}}", "{{unicode|length}}", "{{range}}",
    # lm-eval's idioms
    "{{choices.index('four')}}", "{{['A','B','C','D'].index(letter)}}", "{{'ABCD'.index(letter)}}", "{{question.strip()}}\nA. {{choices[0]}}\nB. {{choices[1]}}\nAnswer:",
    "{{ ['no', 'yes'][answer] }}", "{{ 'yes' if yes else 'no' }}", "{% set i = answer + 1 %}{{ choices[i] }}", "{% for c in choices %}{{ loop.index0 }}. {{ c }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for i in range_ %}{{i}}{% endfor %}", "{{ ', '.join(choices) }}", "{{ choices|join(', ') }}", "{{ rows|map(attribute='n')|list }}", "{{ rows|map(attribute='n')|join('/') }}",
    "{{ number|int + 1 }}", "{{ answer|string + '!' }}", "{{ question|trim }}", "{{ question|replace('2', 'two') }}", "{{ blank.strip() }}|", "{{ blank.lstrip() }}|", "{{ blank.rstrip() }}|",
    "{{ question.replace('?', '!') }}", "{{ letter.lower() }}{{ letter|lower }}", "{{ question.capitalize() }}", "{{ choices|length }}", "{{ nested|tojson }}", "{{ html|tojson }}", "{{ mixed|tojson(indent=2) }}",
    "{{ unicode|tojson }}", "{{ [none]|tojson }}", "{% if answer == 1 and not no %}x{% endif %}", "{{ answer > 0 }} {{ 3 // 2 }} {{ 3 / 2 }} {{ 7 % 4 }} {{ 2 ** 8 }} {{ -answer }}",
    "{{ 'four' in choices }} {{ 'x' not in choices }}", "{{ none is none }} {{ pi is number }} {{ choices is sequence }} {{ nested is mapping }} {{ letter is string }}",
    "{% if choices|length > 2 %}many{% elif choices %}few{% else %}none{% endif %}", "{{ {'a': 1, 'b': [2]} }}", "{{ (1,) }} {{ (1, 2) }} {{ () }}", "{{ dict(a=1) }} {{ namespace(a=1).a }}",
    "{% set ns = namespace(n=0) %}{% for r in rows %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "{% macro m(x, y='d') %}<{{x}}{{y}}>{% endmacro %}{{ m('a') }}{{ m('b', 1) }}",
    "{% set x %}block {{answer}}{% endset %}{{ x }}", "{% with x = 3 %}{{ x }}{% endwith %}", "{{ 'a' ~ 1 ~ none ~ [1] }}", "{{ '%s-%d' % ('a', 3) }}", "{{ '{}/{}'.format(1, 'b') }}", "{{ text.splitlines() }}",
    "{% filter upper %}abc{{letter}}{% endfilter %}", "{{ choices|first }} {{ choices|last }}", "{{ [3,1,2]|sort }} {{ [3,1,2]|max }} {{ [1,2]|sum }}", "{{ choices|reverse|list }}", "{{ list }}", "{{ question|upper|lower|title }}",
    "{{ 1.0 }} {{ 1e3 }} {{ 0.1 + 0.2 }} {{ 10 / 2 }}", "{{ 'x' * 3 }} {{ [1] * 2 }} {{ [1] + [2] }}", "{{ question.startswith('What') }} {{ question.endswith('!') }}", "{{ rows|selectattr('v', 'defined')|list|length }}",
    "{{ rows|selectattr('n', 'equalto', 'b')|map(attribute='v')|first }}",
    # regex_replace: re.sub
    r"{{ ctx|regex_replace('\\[.*?\\]', '') }}", r"{{ ctx|regex_replace('  +', ' ') }}", r"{{ question|regex_replace('(\\d) \\+ (\\d)', '\\2 - \\1') }}", "{{ question|regex_replace('2', 'x', 1) }}",
    "{{ question|regex_replace('2', 'x', count=1) }}", r"{{ question|regex_replace('(?P<n>\\d)', '<\\g<n>>') }}", "{{ 'abxd'|regex_replace('x*', '-') }}", "{{ question|regex_replace(pattern='WHAT', repl='w') }}",
    "{{ question|regex_replace('(?i)WHAT', 'w') }}", r"{{ unicode|regex_replace('\\w+', 'W') }}", r"{{ text|regex_replace('^t', 'T') }}", r"{{ text|regex_replace('(?m)^t', 'T') }}", "{{ answer|regex_replace('1', '2') }}",
    "{{ question|regex_replace('(', 'x') }}", r"{{ question|regex_replace('W', '\\1') }}", "{{ question|regex_replace('W') }}", "{{ missing|regex_replace('a', 'b') }}", r"{{ 'a$'|regex_replace('a', '$1') }}",
    # undefined: only asked for
    "{{missing}}", "x{{ missing }}y\n", "{{ nested.missing }}", "{{ nested.a.zzz }}", "{{ rows[2].v }}", "{{ choices[7] }}", "{{ nested['zzz'] }}", "{% if missing %}x{% endif %}", "{% if not missing %}x{% endif %}",
    "{% if missing is defined %}x{% else %}y{% endif %}", "{% if missing is undefined %}x{% endif %}", "{{ missing|default('d') }}", "{{ nested.zzz|default('d') }}", "{{ nested.zzz is defined }}", "{{ missing.x is defined }}",
    "{% for x in missing %}x{% endfor %}", "{{ missing|length }}", "{{ missing == 1 }}", "{{ 1 == missing }}", "{{ missing != missing }}", "{{ missing is none }}", "{{ missing is string }} {{ missing is number }} {{ missing is mapping }}",
    "{{ missing is sequence }}", "{{ missing is iterable }}", "{{ missing is callable }}", "{{ missing is sameas(none) }}", "{{ missing in [1] }}", "{{ missing in [] }}", "{{ 1 in missing }}", "{{ 'a' ~ missing }}", "{{ [missing] }}", "{{ {'a': missing} }}",
    "{{ missing or 'x' }}", "{{ missing and 'x' }}", "{{ 'x' or missing }}", "{{ 'y' if yes else missing }}", "{{ 'y' if no else missing }}", "{{ 'y' if no }}", "{{ missing + 1 }}", "{{ -missing }}", "{{ missing.x }}", "{{ missing[0] }}",
    "{{ missing() }}", "{{ missing|join }}", "{{ missing|list }}", "{{ missing|string }}", "{{ missing|upper }}", "{{ missing|trim }}", "{{ missing|int }}", "{{ missing|int(3) }}", "{{ missing|first }}", "{{ []|first }}", "{{ []|last }}",
    "{{ [missing]|length }}", "{{ [1, missing]|join }}", "{{ choices|join(missing) }}", "{{ missing|items|list }}", "{{ missing|map('upper')|list }}", "{{ missing|select|list }}", "{{ missing|sort }}", "{{ missing|tojson }}", "{{ '%s' % missing }}",
    "{{ '{}'.format(missing) }}", "{% set x = missing %}ok", "{% set x = missing %}{{ x }}", "{% set x = missing %}{{ x is defined }}", "{% macro m(x) %}{{ x }}{% endmacro %}{{ m() }}", "{% macro m(x) %}{{ x is defined }}{% endmacro %}{{ m() }}",
    "{{ choices[missing] }}", "{{ nested[missing] }}", "{{ {missing: 1} }}", "{% for x in choices %}{{ loop.previtem is defined }} {% endfor %}", "{% for x in choices %}{{ loop.previtem }}{% endfor %}", "{{ missing > 1 }}",
    "{% for x in [1] if missing %}x{% endfor %}", "{{ rows|map(attribute='v')|list }}", "{{ rows|map(attribute='v')|join }}", "{{ rows|map(attribute='v', default=0)|join }}", "{{ rows|sum(attribute='v') }}", "{{ none.x }}", "{{ none.x is defined }}",
    "{{ missing|abs }}", "{{ missing|round }}", "{{ missing|float }}", "{{ missing|replace('a', 'b') }}", "{{ missing|safe }}", "{{ missing|e }}", "{{ missing is odd }}", "{{ missing is lower }}", "{{ missing is eq(1) }}", "{{ [missing]|unique|list }}",
    "{{ [missing, 1] == [1] }}", "{{ missing|batch(2)|list }}", "{{ missing|max }}", "{{ missing|sum }}", "{{ missing|reverse|list }}", "{{ missing|d(none) }}", "{{ missing|default(missing) }}", "{{ '' |default('x', true) }}", "{{ missing is in [1] }}",
    # what chat templates have and this environment has not
    "{% for x in choices %}{% break %}{% endfor %}", "{% for x in choices %}{% continue %}{% endfor %}", "{{ raise_exception('x') }}", "{{ strftime_now('%Y') }}", "{% generation %}x{% endgeneration %}",
    # what is refused
    "{{", "{% if %}", "{{ x|nofilter }}", "{% endif %}", "{{ question is notest }}", "{% for x in %}{% endfor %}", "{{ 'a }}", "{{ 1/0 }}", "{{ 'a' + 1 }}", "{{ question.zzz }}", "{{ question.zzz() }}", "{% if yes %}",
    # names that are taken from the record, or not
    "{% set question = 'mine' %}{{ question }}", "{{ question }}{% set question = 'mine' %}{{ question }}", "{% for question in choices %}{{ question }}{% endfor %}{{ letter }}",
    "{% set a, b = choices[:2] %}{{ a }}{{ b }}", "{% for r in rows %}{% set z = r.n %}{{ z }}{% endfor %}", "{% with q = question %}{{ q }}{% endwith %}", "{% macro f(a, b=answer) %}{{ a }}{{ b }}{{ letter }}{% endmacro %}{{ f(1) }}",
    "{% call(x) f2(1) %}{{ x }}{% endcall %}", "{% for a in rows if a.v is defined %}{{ a.v }}{% else %}{{ empty }}{% endfor %}", "{% for n in range(answer) %}{{ n }}{% endfor %}",
]


def regex_replace(string, pattern, repl, count=0):
    return re.sub(pattern, repl, string, count=count)


def main():
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters["regex_replace"] = regex_replace
    cases = []
    for source in dict.fromkeys(CASES):
        case = {"source": source, "text": None}
        try:
            case["variables"] = sorted(jinja2.meta.find_undeclared_variables(environment.parse(source)))
            case["text"] = environment.from_string(source).render(**RECORD)
        except jinja2.exceptions.UndefinedError as error:
            name = re.search(r"'(\w+)' is undefined$", str(error))
            case["undefined"] = name[1] if name else ""
        except Exception as error:
            print(f"{source!r}: {type(error).__name__}: {error}", file=sys.stderr)
        if case["text"] is None or not re.search(" at 0x[0-9a-f]+", case["text"]):
            cases.append(json.dumps(case))
    print('{"record": ' + json.dumps(RECORD) + ',\n"cases": [\n' + ",\n".join(cases) + "\n]}")


main()
