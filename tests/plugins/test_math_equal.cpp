// math_equal: which answers are one, which are not, and that no answer costs more than its bounds allow.
// tools/acceptance/metrics.py compares it with math-verify on MATH's answers.
#include <ctime>
#include "../../plugins/metrics/math_equal/math_equal_plugin.cpp"
#include "component.hpp"

using sextant::metric::math::equal;

namespace {

struct Pair {
  const char *a, *b;
};

std::string repeated(const char* unit, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += unit;
  return out;
}

}  // namespace

TEST_CASE("math_equal: one thing, however it is written") {
  for (const Pair& p : {Pair{"1/2", "\\frac{1}{2}"},
                        {"\\frac12", "0.5"},
                        {"\\dfrac{-1}{2}", "-\\frac{1}{2}"},
                        {".5", "0.50"},
                        {"1,000", "1000"},
                        {"1{,}000", "1000"},
                        {"$5$", "5"},
                        {"\\boxed{5}", "5."},
                        {"\\$12", "12"},
                        {"12\\text{ cm}", "12"},
                        {"12 cm^2", "12"},
                        {"5 apples", "5"},
                        {"90^\\circ", "90"},
                        {"50\\%", "50"},
                        {"50%", "0.5"},
                        {"1\\frac{1}{2}", "\\frac32"},
                        {"1 1/2", "3/2"},
                        {"\\sqrt{8}", "2\\sqrt2"},
                        {"\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt2}{2}"},
                        {"\\sqrt[3]{-8}", "-2"},
                        {"\\sqrt{-4}", "2i"},
                        {"i^2", "-1"},
                        {"3+4i", "4i+3"},
                        {"\\sqrt{\\frac{1}{4}}", "1/2"},
                        {"(x+1)^2", "x^2+2x+1"},
                        {"\\frac{a^2-b^2}{a-b}", "a+b"},
                        {"x(x+2)+1", "(1+x)(x+1)"},
                        {"2\\cdot2^x", "2^{x+1}"},
                        {"e^xe^x", "e^{2x}"},
                        {"x/2", "\\frac{1}{2}x"},
                        {"xy", "y \\cdot x"},
                        {"\\sin\\frac{\\pi}{6}", "\\frac12"},
                        {"\\log_2 8", "3"},
                        {"\\ln e", "1"},
                        {"5!", "120"},
                        {"\\binom52", "10"},
                        {"|{-3}|", "3"},
                        {"\\lfloor 3.7 \\rfloor", "3"},
                        {"2\\pi", "\\pi\\cdot2"},
                        {"0.333333", "\\frac13"},
                        {"3.141593", "\\pi"},
                        {"10^3", "1000"},
                        {"2.5 \\times 10^{3}", "2500"},
                        {"1,2", "2, 1"},
                        {"\\{1,2\\}", "\\{2,1\\}"},
                        {"\\{1,1,2\\}", "\\{1,2\\}"},
                        {"1 \\text{ and } 2", "1,2"},
                        {"1 or 2", "2,1"},
                        {"\\{5\\}", "5"},
                        {"(1,2)", "\\left( 1, 2 \\right)"},
                        {"5\\pm\\sqrt3", "5-\\sqrt3,5+\\sqrt3"},
                        {"[1,2)", "\\left[1,2\\right)"},
                        {"(-\\infty,2]", "x \\le 2"},
                        {"1<x\\leq3", "(1,3]"},
                        {"x\\in[1,2]", "[1,2]"},
                        {"(1,2)\\cup(3,4)", "(3,4) \\cup (1,2)"},
                        {"x=5", "5"},
                        {"x=1,x=2", "1,2"},
                        {"y=2x+1", "2x-y+1=0"},
                        {"f(x)=x^2", "x^2"},
                        {"\\begin{pmatrix}1\\\\2\\end{pmatrix}", "\\begin{bmatrix} 1 \\\\ 2 \\end{bmatrix}"},
                        {"Monday", "\\text{monday}"},
                        {"\\text{(A)}", "A"},
                        {"(A)", "A"},
                        {"101_2", "101"},
                        {"1e-3", "1e-3"},
                        {"x_1", "x_{1}"},
                        {"\\emptyset", "\\varnothing"},
                        {"−5", "-5"},
                        {"3 × 4", "12"},
                        {"1e-5", "0.00001"},
                        {"1.6e-19", "1.6 \\times 10^{-19}"},
                        {"0.000333", "1/3000"},
                        {"0.\\overline{3}", "\\frac13"},
                        {"0.1\\overline{6}", "\\frac16"},
                        {"2.\\overline{36}", "26/11"},
                        {"0.(3)", "1/3"},
                        {"\\sin 30^\\circ", "0.5"},
                        {"\\tan 45°", "1"},
                        {"\\sin(\\pi/6)", "\\sin 30^{\\circ}"},
                        {"x=30^\\circ", "30"},
                        {"６", "6"},
                        {"y=2x", "f(x)=2x"},
                        {"x=3, y=4", "y=4, x=3"},
                        {"x=3, y=4", "(3,4)"},
                        {"x=3, y=4", "3, 4"},
                        {"|x|", "\\sqrt{x^2}"},
                        {"NO", "no"},
                        {"5 million", "5000000"},
                        {"3 dozen", "36"},
                        {"5 km/h", "5"},
                        {"12 元", "12"},
                        {"5 km", "5 kilometers"},
                        {"5 hours", "5"},
                        {"5\\text{ m}", "5 meters"},
                        {"\\$5", "5 dollars"},
                        {"$5$ cents", "5 cents"},
                        {"2 hours, 5 minutes", "2\\text{ hours}, 5\\text{ minutes}"},
                        {"5 percent", "0.05"},
                        {"5\\text{ percent}", "5"},
                        {"5 percent", "5\\%"},
                        {"3 squared", "9"},
                        {"2 cubed", "8"},
                        {"5 factorial", "120"},
                        {"x squared", "x^2"},
                        {"5 cm squared", "5"},
                        {"5厘米", "5"},
                        {"\\sin^{-1} x", "\\arcsin x"},
                        {"'cat'", "cat"},
                        {"2½", "2½"}}) {
    INFO(p.a << "  " << p.b);
    CHECK(equal(p.a, p.b));
    CHECK(equal(p.b, p.a));
  }
}

TEST_CASE("math_equal: what is not the same") {
  for (const Pair& p : {Pair{"", ""},
                        {"5 km", "5 miles"},
                        {"5 hours", "5\\text{ minutes}"},
                        {"5\\text{ m}", "5\\text{ km}"},
                        {"5 dollars", "5 cents"},
                        {"\\$5", "5\\text{ cents}"},
                        {"$5", "5 cents"},
                        {"10 north", "10 south"},
                        {"3 pm", "3 am"},
                        {"3 squared", "3"},
                        {"5 factorial", "5"},
                        {"5 half", "5"},
                        {"5 below zero", "5"},
                        {"5 negative", "5"},
                        {"", "5"},
                        {"5", "6"},
                        {"5", "-5"},
                        {"0.33", "\\frac13"},
                        {"\\frac12", "\\frac21"},
                        {"(1,2)", "(2,1)"},
                        {"[1,2]", "(1,2)"},
                        {"[1,2]", "[1,2)"},
                        {"x<2", "x\\le2"},
                        {"\\{1,2\\}", "\\{1,2,3\\}"},
                        {"1,2", "1,2,2"},
                        {"x^2+1", "x^2-1"},
                        {"x", "y"},
                        {"\\sqrt2", "1.41"},
                        {"\\pi", "3.14"},
                        {"Monday", "Tuesday"},
                        {"A", "B"},
                        {"blue", "lube"},
                        {"1/0", "1"},
                        {"\\infty", "-\\infty"},
                        {"\\begin{pmatrix}1&2\\end{pmatrix}", "\\begin{pmatrix}1\\\\2\\end{pmatrix}"},
                        {"y=2x+1", "y=2x-1"},
                        {"101_2", "101_3"},
                        {"3:4", "4:3"},
                        {"\\frac{", "1"},
                        {"5)", "5("},
                        {"50%", "51"},
                        {"10,20", "1020"},
                        {"1.6\\times10^{-19}", "3.2 \\times 10^{-19}"},
                        {"1.6\\times10^{-19}", "0"},
                        {"1.6\\times10^{-19}x", "3.2\\times10^{-19}x"},
                        {"0.0000001", "0"},
                        {"0.00000016", "0.00000032"},
                        {"11/2", "1 1/2"},
                        {"2 3", "23"},
                        {"x=3, y=4", "x=4, y=3"},
                        {"x=3, y=4", "4, 3"},
                        {"x=3", "y=3"},
                        {"no", "on"},
                        {"it", "ti"},
                        {"5 million", "5"},
                        {"5万", "5"},
                        {"\\sin^{-1} x", "\\frac{1}{\\sin x}"},
                        {"A'", "A"},
                        {"73/4", "7 3/4"},
                        {"x=1,y=2", "y=1,x=2"},
                        {"|x|", "x"},
                        {"\\sin 30", "0.5"},
                        {"0.(3)", "0"},
                        {"\\sin x", "\\cos x"}}) {
    INFO(p.a << "  " << p.b);
    CHECK_FALSE(equal(p.a, p.b));
    CHECK_FALSE(equal(p.b, p.a));
  }
}

TEST_CASE("math_equal: no answer takes long") {
  for (const std::string& text : std::initializer_list<std::string>{repeated("(", 100'000),
                                                                    repeated("{", 3000),
                                                                    repeated("\\frac", 700),
                                                                    repeated("\\sqrt{", 600),
                                                                    repeated("(x+1)", 700),
                                                                    repeated("(x+y+z+1)^{24}", 200),
                                                                    repeated("x_1+", 900) + "1",
                                                                    "9^{9^{9^{9}}}",
                                                                    "2^{9999}^{9999}",
                                                                    "1000!!!",
                                                                    repeated("1,", 1900) + "1",
                                                                    "\\{" + repeated("1,2,", 900) + "3\\}",
                                                                    repeated("-", 3900) + "1",
                                                                    repeated("9", 3900),
                                                                    "1e999",
                                                                    repeated("a", 3900),
                                                                    repeated("\\text{a}", 500),
                                                                    repeated("\\pm 1", 700),
                                                                    repeated("x^", 1900) + "2",
                                                                    repeated("\\sin", 900) + "x",
                                                                    repeated("|", 3000),
                                                                    repeated("1/", 1900) + "2",
                                                                    "\\sqrt[3]{" + repeated("7", 300) + "}",
                                                                    repeated("\\boxed{", 500),
                                                                    repeated("x=", 1900) + "1",
                                                                    repeated("$", 50'000)}) {
    INFO(text.substr(0, 40) << " of " << text.size());
    timespec begin{}, end{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    equal(text, "x^2+1");
    equal(text, text + "+1");
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    CHECK(static_cast<double>(end.tv_sec - begin.tv_sec) + 1e-9 * static_cast<double>(end.tv_nsec - begin.tv_nsec) < 2.0);
  }
}

TEST_CASE("math_equal: the schema is closed and explains itself") {
  sextant::test::check_schema(*sextant_plugin_entry.components[0]);
}
