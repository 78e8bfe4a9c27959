// The template language, statement by statement and filter by filter; the wanted texts are Jinja2's own. And its limits: no
// template can take more time, memory or stack than it is given.
#include <catch2/catch.hpp>
#include "../../../../models/engine/chat/chat_template.hpp"

using namespace sextant;

namespace {

Result<std::string> render(const std::string& source, const std::string& input = R"({"messages": []})") {
  auto chat = engine::ChatTemplate::parse(source, "t.jinja");
  if (!chat) return chat.error();
  const auto parsed = json::parse(input, "input");
  REQUIRE(parsed);
  return chat->render(*parsed);
}

std::string text_of(const Result<std::string>& result) { return result ? *result : result.error().message; }

struct Case { const char *source, *wanted; };

}  // namespace

TEST_CASE("blanks around statements go as trim_blocks and lstrip_blocks say", "[chat]") {
  const Case cases[] = {
      {"a\n  {% if true %}\nb\n  {% endif %}\nc\n", "a\nb\nc"},
      {"a\n  {%+ if true %}b{% endif +%}\nc", "a\n  b\nc"},
      {"a \n {%- if true -%} \n b {%- endif %} c", "ab c"},
      {"  {# note #}\nx\n  {{ 1 }}\ny {# z #}\nw", "x\n  1\ny w"},
      {"{{ 'a' -}}  \n  {{- 'b' }}\n\n", "ab\n"},
      {"x {% raw %}{{ y }} {% z %}{% endraw %}\nw", "x {{ y }} {% z %}w"},
      {"a\r\nb\r", "a\nb"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.source);
    CHECK(text_of(render(c.source)) == c.wanted);
  }
}

TEST_CASE("expressions are Python's", "[chat]") {
  const Case cases[] = {
      {"{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1e16 }} {{ 0.1 + 0.2 }}",
       "3 -4 2 3.5 1024 1e+16 0.30000000000000004"},
      {"{{ 1 < 2 < 3 }} {{ 1 in [1] }} {{ 2 not in (1,) }} {{ 'a' in {'a': 1} }}", "True True True True"},
      {"{{ [1, 'a', None, 1.0, (1,), {'k': \"it's\"}] }}", "[1, 'a', None, 1.0, (1,), {'k': \"it's\"}]"},
      {"{{ 'héllo'[1:3] }} {{ 'abc'[::-1] }} {{ [1, 2, 3][-2:] }} {{ 'abc'[-1] }}{{ [][5] }}", "él cba [2, 3] c"},
      {"{{ 'a' if false }}{{ 'b' if false else 'c' }}{{ 'x' ~ 1 ~ none }}", "cx1None"},
      {"{{ 'ab' * 2 }} {{ '%s-%05.1f' % ('x', 2.5) }} {{ '{:>4}|{}'.format(7, 'y') }}", "abab x-002.5    7|y"},
      {"{{ x.y is defined }}{{ z is undefined }}{{ z }}|{{ not z }}", "FalseTrue|True"},
      {"{{ {'items': 1}.items is callable }} {{ {'a': 1}.get('b', 2) }} {{ {'a': 1}['a'] }}", "True 2 1"},
      {"{{ ' a b '.split() }} {{ 'a,b'.split(',', 1) }} {{ 'xxaxx'.strip('x') }} {{ 'ab'.startswith(('z', 'a')) }}",
       "['a', 'b'] ['a', 'b'] a True"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.source);
    CHECK(text_of(render(c.source, R"({"messages": [], "x": {}})")) == c.wanted);
  }
}

TEST_CASE("statements have Jinja2's scopes", "[chat]") {
  const Case cases[] = {
      {"{% set x = 1 %}{% for i in [2] %}{% set x = i %}{% endfor %}{{ x }}", "1"},
      {"{% set n = namespace(x=1) %}{% for i in [2] %}{% set n.x = i %}{% endfor %}{{ n.x }}", "2"},
      {"{% for a, b in {'k': 1}.items() %}{{ a }}{{ b }}{{ loop.index }}{{ loop.last }}{% else %}-{% endfor %}", "k11True"},
      {"{% for i in range(9) if i % 2 %}{% if i == 7 %}{% break %}{% elif i == 3 %}{% continue %}{% endif %}{{ i }}{{ "
       "loop.length }}{% endfor %}",
       "1454"},
      {"{% for i in [] %}{% else %}none{% endfor %}", "none"},
      {"{% macro m(a, b=a ~ '!') %}{{ a }}{{ b }}{{ caller() if caller }}{% endmacro %}{{ m(1) }} {% call m(2, b='') %}c{% "
       "endcall %}",
       "11! 2c"},
      {"{% set t %}a {{ 1 }}{% endset %}[{{ t }}]{% filter upper %}x{% endfilter %}{% generation %}g{% endgeneration %}",
       "[a 1]Xg"},
      {"{% for i in [1, [2]] recursive %}{{ i if i is number else '<' ~ loop(i) ~ '>' }}{% endfor %}", "1<2>"},
      {"{% with a = 1 %}{{ a }}{% endwith %}{{ a }}", "1"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.source);
    CHECK(text_of(render(c.source)) == c.wanted);
  }
}

TEST_CASE("filters and tests are Jinja2's, tojson is json.dumps", "[chat]") {
  const Case cases[] = {
      {"{{ {'b': [1, 2.5, none, true], 'a': '<é\"\\n'} | tojson }}", "{\"b\": [1, 2.5, null, true], \"a\": \"<é\\\"\\n\"}"},
      {"{{ {'b': 1, 'a': []} | tojson(indent=2, sort_keys=true) }}", "{\n  \"a\": [],\n  \"b\": 1\n}"},
      {"{{ [1] | tojson(separators=(',', ':'), ensure_ascii=True) }}{{ 'é' | tojson(ensure_ascii=True) }}", "[1]\"\\u00e9\""},
      {"{{ [{'r': 'u', 'c': 1}, {'r': 'a', 'c': 2}] | selectattr('r', 'equalto', 'a') | map(attribute='c') | list }}", "[2]"},
      {"{{ ['b', 'A'] | sort | join(',') }} {{ {'b': 1, 'a': 2} | dictsort }} {{ [1, 1, 2] | unique | list }}",
       "A,b [('a', 2), ('b', 1)] [1, 2]"},
      {"{{ 'a b' | title }} {{ 'aB' | capitalize }} {{ 2.5 | round }} {{ '12' | int + 1 }} {{ 'x' | default('d') }}{{ u | "
       "d('e') }}",
       "A B Ab 2.0 13 xe"},
      {"{{ 'a\\nb' | indent(2) }} {{ [3, 1] | max }} {{ [1, 2] | sum }} {{ 'abc' | length }} {{ 'abc' | reverse }}",
       "a\n  b 3 3 3 cba"},
      {"{{ 4 is divisibleby 2 }} {{ 3 is odd }} {{ {} is mapping }} {{ [] is sequence }} {{ true is number }} {{ 1 is boolean "
       "}}",
       "True True True True True False"},
      {"{{ '<' | safe + '<' }} {{ strftime_now('%d %b %Y') }}", "<&lt; 31 May 2024"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.source);
    CHECK(text_of(render(c.source, R"({"messages": [], "now": "2024-05-31T12:00:00"})")) == c.wanted);
  }
}

TEST_CASE("a refusal names template, line and reason", "[chat]") {
  const Case cases[] = {{"\n{{ raise_exception('roles must alternate') }}", "t.jinja:2: "},
                        {"\n\n{% if %}", "t.jinja:3: "},
                        {"{% for x in y %}", "endfor"},
                        {"{{ x.y.z }}", "'x' is undefined"},
                        {"{{ 1 + 'a' }}", "int and str"},
                        {"{{ 'a' | nothing }}", "no filter is named 'nothing'"},
                        {"{{ [1].append(2) }}", "undefined"},
                        {"{{ 1 / 0 }}", "division by zero"},
                        {"{{ 'x", "not closed"},
                        {"{% include 'x' %}", "include"},
                        {"{% set x.y = 1 %}", "x"},
                        {"{{ none.x.y }}", "undefined"},
                        {"{% for a in none %}{% endfor %}", "iterated"}};
  for (const Case& c : cases) {
    CAPTURE(c.source);
    const auto result = render(c.source);
    REQUIRE_FALSE(result);
    CHECK(result.error().message.find("t.jinja") == 0);
    CHECK_THAT(result.error().message, Catch::Contains(c.wanted));
  }
}

TEST_CASE("no template takes more than it is given", "[chat]") {
  std::string deep = "{{ ", chain = "{{ 1", nested;
  for (int i = 0; i < 100'000; ++i) deep += "(", chain += "+1", nested += "{% if 1 %}";
  const std::string sources[] = {
      deep, chain + " }}", nested,
      "{{ 'a' * 999999999999 }}",
      "{{ [0] * 999999999 }}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
      "{% set n = namespace(s='x' * 1000) %}{% for i in range(60) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
      "{% set n = namespace(s=[1]) %}{% for i in range(60) %}{% set n.s = [n.s, n.s] %}{% endfor %}{{ n.s }}",
      "{% set n = namespace(s=[1]) %}{% for i in range(99999) %}{% set n.s = [n.s] %}{% endfor %}",
      "{% set n = namespace() %}{% set n.n = [n] %}{{ n }}",
      "{{ range(9999999999) }}",
      "{{ '%999999999d' % 1 }}",
      "{{ 'a'.center(99999999999) }}",
      "{{ ('a' * 9999999).replace('', 'b' * 9999999) }}",
      "{{ 9999999999 ** 9999999999 }}",
  };
  for (const std::string& source : sources) {
    CAPTURE(source.substr(0, 100));
    CHECK_FALSE(render(source));
  }
}
