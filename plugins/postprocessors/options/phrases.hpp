// What the words around an option say of it. Each pattern sees a window of canonical text that ends before a letter, or begins
// behind one; windows are short, so that no text makes a pattern slow. Threads: [owner].
#pragma once
#include <sextant/regex.hpp>

namespace sextant::postprocess {

/// Bytes that are looked at on either side of a letter.
inline constexpr size_t window_bytes = 96;

class Phrases {
 public:
  /// `steps`: see RegexOptions::steps_taken; of the phrases that see the whole text. `window_steps`: of the others.
  static Result<Phrases> make(uint64_t* steps = nullptr, uint64_t* window_steps = nullptr) {
    Phrases out;
    for (const auto& [regex, source] : std::initializer_list<std::pair<Regex Phrases::*, const char*>>{
             {&Phrases::denies, denies_source},
             {&Phrases::singles, singles_source},
             {&Phrases::states, states_source},
             {&Phrases::concludes, concludes_source},
             {&Phrases::corrects, corrects_source},
             {&Phrases::contrasts, contrasts_source},
             {&Phrases::supposes, supposes_source},
             {&Phrases::qualifies, qualifies_source},
             {&Phrases::prefers, prefers_source},
             {&Phrases::likewise, likewise_source},
             {&Phrases::is_answer, is_answer_source},
             {&Phrases::is_chosen, is_chosen_source},
             {&Phrases::is_wrong, is_wrong_source},
             {&Phrases::is_named, is_named_source},
             {&Phrases::is_right, is_right_source},
             {&Phrases::is_better, is_better_source},
             {&Phrases::is_tempting, is_tempting_source},
             {&Phrases::is_right_but, is_right_but_source},
             {&Phrases::asks, asks_source},
             {&Phrases::ends, ends_source},
             {&Phrases::explains, explains_source},
             {&Phrases::retracts, retracts_source},
             {&Phrases::next_question, next_question_source},
             {&Phrases::states_a_text, states_a_text_source}}) {
      const bool whole = regex == &Phrases::retracts || regex == &Phrases::next_question || regex == &Phrases::states_a_text;
      uint64_t* const counter = whole ? steps : window_steps;
      RegexOptions options{.caseless = true, .valid_text = true, .compiled_to_code = counter == nullptr};
      options.steps_taken = counter;
      SXT_TRY(out.*regex, Regex::compile(source, std::move(options)));
    }
    return out;
  }

  // in front of a letter
  Regex denies;        // "not", "neither", "eliminate", 不是, 排除
  Regex singles;       // "only", 只有: the one that is wrong is an answer as well
  Regex states;        // "the answer is", "I choose", 答案, 故选
  Regex concludes;     // the same behind "therefore", "final", 综上; or in a box
  Regex corrects;      // "wait, actually", 更正
  Regex contrasts;     // "but", 而是: the answer where another option was denied
  Regex supposes;      // "if", "might", "others say", 如果, 可能: not said to be so
  Regex qualifies;     // "the wrong answer is", "the common answer is", 错误答案: the answer only where no other is stated
  Regex prefers;       // "less accurate than", 不如: another option is worse than this one
  Regex likewise;      // "so is": what was said of the option before
  // behind a letter
  Regex is_answer;     // "is the correct answer"
  Regex is_chosen;     // 当选, also of a statement that is wrong
  Regex is_wrong;
  Regex is_named;      // a sign, then what may as well be the option's own words: "B. No", "B (false)", B：错误
  Regex is_right;
  Regex is_better;     // "is more accurate", 更合适
  Regex is_tempting;   // "is plausible", 看似正确
  Regex is_right_but;  // "is correct but irrelevant", 正确但与题意无关
  Regex asks;          // "?", 吗
  Regex ends;          // the sentence is over
  Regex explains;      // "because", 解析
  // in the whole text
  Regex retracts;      // "wait", "let me reconsider", 更正
  Regex next_question; // a line that begins another question
  Regex states_a_text; // "the answer is" in front of words

 private:
#define SXT_TAIL \
  R"([ \n:]{0,2}(?:(?:(?:the|an?) )?(?:correct |right )?(?:options?|choices?|letter|answers?)[ \n:]*(?:is[ :]*)?|(?:第|正确)?(?:选择项|选项)[ \n:]*)?$)"
  static constexpr const char* denies_source =
      R"((?:\b(?:not|never|neither|nor|isn't|wasn't|aren't|can't|cannot|couldn't|won't|wouldn't|don't|doesn't|didn't|shouldn't))"
      R"((?: (?:be|been|choose|pick|select|go with|say|think|believe|it's|it is|that|necessarily|simply|just|really|actually|exactly|both|either|any of|from))*)"
      R"(|\b(?:than|instead of|rather than|excluding|unlike|eliminat\w{1,5}|rul(?:e|es|ed|ing) out|exclud\w{1,4}|reject\w{0,3}|discard\w{0,3}|dismiss\w{0,3}|cross(?:ed|ing)? out)(?: both| either)?)"
      R"(|\b(?:anything|everything|any option) (?:but|except)|\b(?:chang|switch|revis|correct|amend|updat)\w{0,4}(?: (?:my|the|this|that|it|answer|choice|mind|selection|initial|original|final))* from|(?<!no )(?<!any )(?<!without )\b(?:doubt|forget|ignore|disregard|avoid|no to)(?: (?:that|about))?(?: (?:it's|it is|the answer is))?|\b(?:confus\w{1,4}|mix\w{0,4}) (?:it )?(?:with|for)|\b(?:mistaken?|taken) for|(?:\bprefer\w{0,4}|\bchos\w{1,2}|\bfavou?r\w{0,3}|(?-i:[A-Z])) over|(?:^|\n)(?:- )?[✗❌✘]|\bcontrary to|\bcompared (?:to|with))"
      R"(|(?:相较?于?|较之)?比起?|相较于?|区别于|不应该?是|不应选择?|不应该选择?|不该选择?|不能选择?|不可选|不会选|不要选|别选|不选择?|不是|不会是|不可能是|不能是|不为|不要被|别被|并非|而非|绝非|排除了?|去掉|否定了?|否决|淘汰))" SXT_TAIL;
#define SXT_STATES                                                                                                                                                                                                                                                                                                                                                                                                                    \
  R"((?:(?<!each )(?<!every )(?<!any )\b(?:answers?|choice|option|pick|selection|guess|conclusion|solution|response)\b(?: (?:to|for|of|here|from|in|by|among)(?: [^ \n.;?!]+){0,6}?)?(?: choice| option| letter)?(?: \([^()\n]{0,60}\)|, (?:which|that|often|though|however|then|not)\b[^,\n]{0,50},)?\)?)"                                                                                                                           \
  R"((?: (?:is|are|would be|should be|must be|will be|has to be|was|being|equals|comes out as)\b(?: (?:clearly|therefore|thus|then|probably|definitely|most likely|likely|simply|indeed|actually|obviously|only|still|none other than))*(?: to be)?[ \n:\-]*| ?[:=?\-][ \n:\-]*|\n)|\b(?:answer|ans\.?:?)\)? )"                                                                                                                          \
  R"(|\b(?:(?:the )?(?:correct|right|best|true|false|incorrect|wrong|appropriate|accurate|valid)(?: [^ \n.,;?!]+){0,3}? (?:is|would be)[ \n:]*))"                                                                                                                                                                                                                                                                                     \
  R"(|\b(?:choos(?:e|es|ing)|chose|chosen|pick(?:ed|ing)?|select(?:ed|ing)?|go(?:ing)? (?:with|for)|goes to|went with|opt(?:ed|ing)? for|settl(?:e|ed|ing) (?:on|for|with)|vote for|answer with|stick with|sticking with|mark|it is|it's|it must be|it should be|it would be|it has to be|that's|that is|this is|leaves(?: us with)?|leaving|points to|lean(?:ing)? (?:towards?|to)|bet on|supports|favou?rs|corresponds to)[ \n:]*)" \
  R"(|\b(?:i|we)(?:'d|'ll| would| will| can| should| must)? (?:say|guess|answer|prefer|think(?: it's| it is| that)?|believe(?: it's| it is| that)?)[ \n:]*)"                                                                                                                                                                                                                                                                          \
  R"(|(?:答案|正解)[) \n:]*(?:选项|应该|应当|应|一定|只能|只|就|却|倒|才|显然|该|肯定|便|当然|最终|还|依然|仍然|仍|确定|选择|选|是|为|:|=|-|\n| )*)"                                                                                                                                                                                                                                        \
  R"(|(?:^|[\n.;,。、 ])答[:是为]?[ \n]*)"                                                                                                                                                                                                                                                                                                                                                                                       \
  R"(|(?<![候筛竞挑当入落海推普])选(?:择|定|取|项[为是])?(?:的?(?:是|为|了)|答案)?[ \n:]*(?:答案)?)"                                                                                                                                                                                                                                                                                                         \
  R"(|(?:实际上|其实|真正)(?:的?(?:应该?)?(?:是|为|选))[ \n:]*|[✅☑✔√✓](?! *\n) *|倾向于?[ \n]*|\byes to )"                                                                                                                                                                                                                                                                                                      \
  R"(|(?:^|\n|[.;] )(?:correct|right|true)(?: (?:answers?|options?|choices?|ones?))? ?:[ \n]*)"                                                                                                                                                                                                                                                                                                                                       \
  R"(|(?:应该|应当|应|只能|必须|必然|就|便|也就|即|还|确实|肯定|一定)(?:是|为)[ \n:]*)"                                                                                                                                                                                                                                                                                                                      \
  R"(|(?:正确|错误|不对|对|符合|不符|不当|恰当|合适|适当|有误|合理|最佳|最好|准确|真|假|成立)[^ \n.,;:?!。、，]{0,14}(?:是|为|:)[ \n:]*)"                                                                                                                                                                                                                                                       \
  R"(|(?:只有|唯有|唯一)[ \n]*)"
  static constexpr const char* singles_source =
      R"((?:只有|唯有|唯独|仅有?|(?<!not )\bonly|\b(?:all|every|each|none|no)(?: of)?(?: the)?(?: other)?(?: (?:options?|choices?|answers?|statements?|one))? (?:except|but|other than|apart from|besides)(?: for)?)[ \n]*)" SXT_TAIL;
  static constexpr const char* states_source = SXT_STATES ")" SXT_TAIL;
  static constexpr const char* concludes_source =
      "(?:\x01[ \n:]*(?:(?:option|choice|选项)[ \n:]*)?$"
      R"(|\bfinal (?:answer|choice|decision|pick|selection)s?\b[^.。!?\n]{0,40}$|最终(?:答案|选择|的?答案|选)[^.。!?\n]{0,10}$)"
      R"(|(?:\b(?:therefore|thus|hence|so|consequently|in conclusion|to conclude|in summary|to sum up|overall|conclusion)\b|因此|所以|故|综上|总之|总的来说|由此|可见|综合)[^.。!?\n]{0,60}(?:answer|choice|option|choose|pick|select|it is|it's|with|答案|选|是|为)[^.。!?\n]{0,12}$)"
      R"(|(?:^|[\n.;,。 ])(?:therefore|thus|hence|so|(?:in )?conclusion|因此|所以|故此?|综上所述?|总之|显然|可见|由此可知)[, :\n]*(?:is |it's |it is |是|为|即)?[ ]?$))";
  static constexpr const char* corrects_source =
      R"((?:^|[ ,.;!?\-\n)。、])(?:wait|actually|no(?=[,.;:!\-])|correction|sorry|oops|i mean(?:t)?|scratch that|on second thought|rather|不对|不(?=,)|等等|更正|纠正|抱歉|修正为?|我错了)[,.:;!? \-\n。]*)"
      R"((?:(?:i meant|it's|it is|it should be|it must be|should be|make (?:it|that)|that's|that should be|the (?:correct |right )?answer (?:is|should be)|应该?[是为选]|选|是|正确?答案(?:应该?)?[是为选]))?[ :]*)" SXT_TAIL
      R"(|\b(?:but|however),? i(?:'d| would)? (?:think|believe|say)(?: that)? (?:it's|it is|it should be|the (?:correct |right )?answer (?:is|should be)) ?)" SXT_TAIL
      R"(|(?:但是?|不过|然而|可是),?我(?:认为|觉得|会|还是|更?倾向于?)(?:应该?)?(?:答案)?(?:是|选|为)[ :]*)" SXT_TAIL
      R"(|(?:改(?:为|成|选|答)了?|变(?:为|成)了?|(?:更正|纠正|修正)为)[ :]*)" SXT_TAIL
      R"(|\b(?:chang|switch|revis|amend|updat)\w{0,4}[^.;!?\n]{0,40}? to(?: be)?)" SXT_TAIL;
  static constexpr const char* contrasts_source =
      R"((?:\b(?:but(?: rather| then| here| now)?(?: it's| it is| instead)?|rather|instead|it's|it is|however|yet|while|whereas|actually|now)|(?:而|但是?|然而|不过|可是|却)(?:其实|实际上|这里)?应?该?[是选为]?|应?该?[是选为]|(?:实则|实际上|其实)(?:应该?)?[是选为]?)[, \n:]*)" SXT_TAIL
      R"(|\b(?:but|however|yet|on (?:second |further |closer )?(?:reflection|thought|consideration|inspection)|after (?:[a-z]+ ){0,2}[a-z]+ing)\b[^.;!?\n]{0,40}$|(?:但是?|然而|不过|可是|仔细|其实)[^.;!?。\n]{0,24}$)";
  static constexpr const char* supposes_source =
      R"((?:\b(?:if|suppose|supposing|assum(?:e|es|ing)|unless|whether|might|may|could|perhaps|maybe|some|someone|people|others|many|students?|initially|at first|tempting|tempted|considered|considering|between|says|claims|claimed|believes|thinks|argues|suggests|everyone|everybody|most people|contrary to|despite|although|though|misconceptions?|misunderstanding|myth|fallacy|going to|gut|intuition|instinct|(?:mistakes?|wrong|errors?|incorrect|unwise|trap|temptation|tendency)(?: (?:here|is|was|would be))* to|trap of|avoid|originally|previously|formerly|at one point)\b|(?:^|[.;!?\n] ?)(?:to (?:say|choose|pick|select|think)|choosing|picking|selecting)\b|(?-i:\b(?:Choosing|Picking|Selecting))\b|如果|若|假如|假设|倘若|是否|可能|也许|或许|有人|有的人|有些人|很多人|许多人|不少人|学生|以为|一开始|乍一?看|第一眼|粗看|表面上|看似|看上去|看起来|貌似|似乎|不少|考生|起初|原本|原来|原先|最初|之前|先前|曾经?|误|容易|易错|错选|直觉|第一反应|同学|大家|人们|假定)[^,;.。!?\n]{0,60}$|\bif [^.;?!\n]{0,60}, (?:then )?[^,;.?!\n]{0,30}\bwould (?:have been|be) ?$|\b(?:he|she|they|friends?|classmates?|teacher|colleagues?|peers?|users?|assistant|models?|experts?|textbook|book|source|audience|contestants?|players?|candidates?|respondents?|(?:answer )?key)\b(?:(?!\bi\b)[^,;.。!?\n]){0,20}\b(?:cho(?:se|oses?|sen)|pick(?:s|ed)?|select(?:s|ed)?|went with|goes? with|sa(?:id|ys?)|answer(?:s|ed)|th(?:inks?|ought)|claim(?:s|ed)?|believe[sd]?|suggest(?:s|ed)?|argue[sd]?|guess(?:es|ed)?|voted?|had|has|gave|gives)\b[^,;.。!?\n]{0,20}$|\byou (?:said|chose|picked|answered|selected|suggested|thought|went with|guessed)\b[^,;.。!?\n]{0,20}$)";
  static constexpr const char* qualifies_source =
      R"(\b(?:incorrect|wrong|false|worst|worse|least [a-z]+|(?:second|next)[ -]best|common(?:ly)?|popular|obvious|tempting|naive|intuitive|initial|first|previous|earlier|original|old|former|given|suggested|proposed|apparent|alternative|trick|trap|distractor|rejected|opposite|converse|reverse|your|his|her|their|user's|user|student's|student|students'|people's|opponent's)(?: (?:but|and) [a-z]+)?(?: [a-z]+)?[ \n](?:answers?|choice|option|pick|selection|guess|one|solution|response|statement)s?\b(?: (?-i:[a-z]+))*[ :\-\n]*)" SXT_TAIL
      R"(|(?:^|\n|[.;] )(?:incorrect|wrong|false)(?: (?:answers?|options?|choices?|ones?))? ?: ?$|\b(?:answer|choice|option|pick|selection|guess)(?: (?:to|for|of|in|here)\b[^.,;\n]{0,20})? (?:was|used to be|had been) $)"
      R"(|(?:错误|不正确|原来?|原先|最初|初始|常见|普遍|干扰|迷惑|学生|考生|用户|你|对方|(?<!其)他|她|同学|大多数人|多数人|次优|最差|表面|直觉|之前|先前)的?(?:错误)?的?(?:答案|选项|选择|项)[^,;.。!?\n]{0,6}$)";
  static constexpr const char* prefers_source =
      R"((?:\bless [^.;,!?\n]{1,30}? than|\b(?:not|isn't|never) (?:quite |nearly )?as [^.;,!?\n]{1,20}? as|\b(?:worse|weaker) than|\binferior to|不如|不及|比不上|逊于|次于|劣于))" SXT_TAIL;
  static constexpr const char* likewise_source = R"(\b(?:so|neither|nor|as) (?:is|are|does|do|was|were|can) $)";
#define SXT_SUBJECT \
  R"(^(?!\)?[.;\n]{1,2} ?(?:in)?(?:correct|right|wrong|true|false)(?: (?:answers?|options?|choices?|ones?))? ?:)(?!\)?[.;,\n ]{0,2} ?(?:the )?(?:in)?(?:correct|right|wrong|true|false|worst|best)(?: (?:answers?|options?|choices?|ones?|letter))? ?(?::| is| was) ?\)?\x01?(?-i:[A-Z])(?![A-Za-z]))[).:,]{0,2} ?(?:[-(|] ?)?(?:[一二两三四几]?[个者项种]?选?项|这?[一二两三四几]个?[项个者]?)?(?:中)?(?: ?的)?(?:说法|说的|讲的|描述|表述|叙述|内容|观点|陈述|解释|选项|答案)?:?)"
  static constexpr const char* is_answer_source =
      R"(^[).:,]{0,2} ?(?:选?项)?(?:的?说法)?(?:才|就|也|应该?)?(?:是|为)(?:本题|此题|唯一|最佳|最)?的?(?:正确|标准)?的?(?:答案|正解|选择))"
      R"(|^\? ?(?:yes|correct|right)\b|^\)? (?-i:it is)\b)"
      R"(|^\)?,? (?:is|was|would be|should be|must be|will be|has to be|seems to be|seems)(?: (?:clearly|definitely|indeed|therefore|thus|likely|most likely|probably|obviously|then))?(?: (?:the|my|our|a|your))?(?: (?:only|most|single|final|correct|right|best|better|appropriate|accurate|suitable|logical|obvious|likely|true)){0,4} (?:answer|choice|option|pick|one|selection)\b)";
  static constexpr const char* is_chosen_source = R"(^[^.。;?\n]{0,8}[,。]? ?(?:故|应|因此)?(?<!不)当选)";
  static constexpr const char* is_wrong_source = SXT_SUBJECT
      R"((?:(?:都|均|也|则|就|是|为|显然|明显|完全|可以|可|应该?|被|存在|的|皆|全|全都|所述|有|与题意|与题干|这个|判断|,)*(?:不(?!(?:应该?|能|该|要|可)?是?(?:选择?)?(?:选项)? ?\x01?(?-i:[A-Z]))|错(?!误?的?(?:答案|选项|说法)?(?:是|为|有|:))|有误|排除(?!了?(?:选?项)?\x01?(?-i:[A-Z]))|说反|无关|非|否|矛盾|偏差|×|✗|❌))"
      R"(|(?: ?(?:(?-i:is|are|was|were|be|seems?|looks?|remains?|stays|would be|can|could|must|should|does|do|will|both|all|an?|the|too|being|so|sounds?)|clearly|also|definitely|obviously|therefore|thus|simply|just|completely|factually|partially|-|\())* ?)"
      R"((?:(?-i:not)\b(?! (?:(?:option |choice )?\x01?(?-i:[A-Z])|wrong|incorrect|false|to be (?:confused|mistaken|mixed))\b)|not (?:(?:quite|entirely|really|at all) )?(?:correct|right|true|accurate|relevant|supported|possible|valid|likely|the (?:correct|right|best|answer))\b)"
      R"(|(?:incorrect|wrong|false)\b(?! (?:answers|options|choices|ones|statements)\b)|untrue|inaccurate|invalid|ruled out|eliminated|excluded|irrelevant|unlikely|impossible|implausible|no\b(?! (?:other|one|wait|option|doubt|need|further|more)\b)|nope|(?-i:out\b|cannot|can't|isn't|aren't|doesn't|don't|won't|wouldn't|couldn't|wasn't|fails?\b|contradict)|×|✗|❌)))";
  static constexpr const char* is_named_source =
      R"(^(?:\)|[.:,\-]|、| ?\(| -)[.: ]{0,2}\(?(?:no|nope|not|false|wrong|incorrect|untrue|invalid|cannot|can't|never|impossible|错|不|否|假)(?![a-z]))";
  static constexpr const char* is_right_source = SXT_SUBJECT
      R"((?:(?:都|均|才|却|完全|显然|确实|是|为|也|最|的|应该?|很)*(?:正确|对(?:的|[,.。;!\n)]|$)|成立|恰当|合适|符合|无误|没错|没问题|√|✓|✔|✅))"
      R"(|(?: ?(?:(?-i:is|are|was|were|seems?|looks?|must be|should be|would be|sounds?|both|all|the|most|then)|clearly|also|definitely|indeed|therefore|thus|obviously|actually|absolutely|completely|factually|-|\())* ?)"
      R"((?:correct|right|true|best|accurate|valid|appropriate|suitable|yes\b|√|✓|✔|✅)| (?-i:is|does)(?:[.!;\n]|$)|[^\n✗×❌]{1,60}[√✓✔✅](?:\n|$)))";
  static constexpr const char* is_better_source = SXT_SUBJECT
      R"((?:(?:则|才|显然|要|会|是|也|的|明显)*(?:更加?|最)为?(?:准确|合适|恰当|全面|好|符合|贴切|完整|合理|优|佳|妥当|精确|接近|适合|贴近|可信|正确))"
      R"(|比[^.。;,!?\n]{1,24}更)"
      R"(| (?-i:is|was|seems|looks|would be|fits|matches|explains|describes|captures|answers|works)(?: (?:it|the|this|that|question|text|far|much|even|slightly|still|clearly|a|an|bit|definitely))* )"
      R"((?:better(?! known)|best|closer|closest|preferable|superior|stronger|the one\b|(?:more|most) (?:accurate|appropriate|suitable|complete|precise|comprehensive|likely|plausible|correct|specific|fitting|direct|reasonable|consistent|probable|relevant|logical))))";
  static constexpr const char* is_tempting_source = SXT_SUBJECT
      R"((?:是?(?:一个)?(?:干扰|迷惑)(?:选?项|答案)|是?(?:一个)?陷阱|(?:也|都|很|虽然?|确实|最|较|比较)*(?:看似|看起来|看上去|似乎|貌似|乍一?看|有(?:一定)?道理|有(?:迷惑|干扰)性|(?:部分|基本)正确|接近|具有)(?!(?:是|选|像|为)?(?:选?项)?\x01?(?-i:[A-Z])))"
      R"(| (?-i:is|was|are|seems?|looks?|sounds?|appears?|may be|might be|could be)(?: (?:quite|very|also|both|all|rather|pretty|somewhat|a bit|certainly))? )"
      R"((?:tempting|plausible|appealing|attractive|close\b|possible|partly|partially|almost|nearly|(?:just |only )?an? (?:[a-z]+ )?(?:distractor|trap|decoy|lure|red herring)|the (?:distractor|trap|decoy|lure)|(?:correct|right|true|accurate|valid) at first))"
      R"(| (?-i:would) (?:be|have been)\b[^.;?!\n]{0,40}? (?:if\b|an? (?:mistake|error|trap))| (?-i:may|might|could) (?:look|seem|sound|appear)))"
      R"(|^\)? if\b[^.;?!\n]{0,60}? (?:were|had been|hadn't)\b|^\)? is what (?:most|many|some|people|others|everyone)\b)";
  static constexpr const char* is_right_but_source =
      R"(^(?-i:[^A-Z.;!?。\n]){0,40}(?:,? but|, yet|, though|但|却)(?-i:[^A-Z.;,!?。\n]){0,24}?(?:不(?!是?选?(?-i:[A-Z]))|无关|错|偏|过于|\bnot\b(?! (?:option )?(?-i:[A-Z]))|n't\b|irrelevant|incomplete|too |wrong))";
  static constexpr const char* asks_source = R"(^\)?[^.。!\n;]{0,60}(?:\?|吗|么\b)|^[^.。!\n;,]{0,12}(?:吗|呢))";
  static constexpr const char* ends_source = R"(^[)\]'’]*[ ]?(?:[.。!;,，\n)]|-|$))";
  static constexpr const char* explains_source =
      R"((?:^|\n|[.,;:] ?)(?:explanations?|explained|reason(?:ing|s)?|analysis|why|note)\b|[,a-z] because\b|解析|解释|理由|因为|分析)";
  static constexpr const char* retracts_source =
      R"(\b(?:wait|hold on|actually|correction|scratch that|on (?:second|further) thought|(?:up)?on (?:closer |further |a closer )?(?:inspection|reconsideration|reflection|examination|look)|looking (?:again|more closely|closer)|my mistake|i made (?:a|an) (?:mistake|error)|i was wrong|oops|let me (?:re-?check|reconsider|re-?think|re-?evaluate|correct))\b)"
      R"(|更正|纠正|我错了|重新(?:考虑|思考|检查|审视|分析)|(?:这|那)(?:个答案)?是?(?:错|不对)的?[,。; ]{0,3}(?:答案)?应该?[是为选]|\bthat (?:claim|answer|statement) is (?:wrong|incorrect|false)[.,; \n]{1,3}(?:the (?:correct |right )?answer|it should)|等一下|等等[,，。.]|不对[,，。.!])";
  static constexpr const char* next_question_source =  // or what ends a turn, as text: canonical() has made blanks of underscores
      R"(<\|(?:im|eot|eom|end|endoftext)(?: ?[a-z]+)*\|>|</s>|<end of turn>|\n(?:question|q|problem|human|user|问题|题目|问|例题?|下列|以下是中国)[ ]?\d{0,4}[:.]|\n(?:以下是中国|the following are multiple))";
  static constexpr const char* states_a_text_source =
      R"(\b(?:answer|choice|option)[^\n.;?!]{0,40}?(?: is| would be| should be|:)[ \n]*(?:(?:most likely|the|an?) )?|(?:答案|应选|故选|选择)[ \n]*(?:应该|应)?[是为:]*[ \n]*)";
#undef SXT_TAIL
#undef SXT_STATES
#undef SXT_SUBJECT
};

}  // namespace sextant::postprocess
