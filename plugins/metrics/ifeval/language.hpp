// Which language is a reply written in? By its script, and among languages of one script by letters and by short words that
// each uses all the time. For the languages that IFEval asks for. Linear in the text. Pure; [any] thread.
#pragma once
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <sextant/plain_text.hpp>

namespace sextant::metric::ifeval {

namespace detail {

struct Script {
  char32_t from, to;
  const char* language;   // of the only language, or a group in capitals
};
inline constexpr Script scripts[] = {
    {'A', 'Z', "LATIN"},      {'a', 'z', "LATIN"},        {0xC0, 0x24F, "LATIN"},     {0x1E00, 0x1EFF, "LATIN"},
    {0x370, 0x3FF, "el"},     {0x400, 0x52F, "CYRILLIC"}, {0x590, 0x5FF, "he"},       {0x600, 0x6FF, "ARABIC"},
    {0x750, 0x77F, "ARABIC"}, {0xFB50, 0xFDFF, "ARABIC"}, {0xFE70, 0xFEFF, "ARABIC"}, {0x900, 0x97F, "DEVANAGARI"},
    {0x980, 0x9FF, "bn"},     {0xA00, 0xA7F, "pa"},       {0xA80, 0xAFF, "gu"},       {0xB80, 0xBFF, "ta"},
    {0xC00, 0xC7F, "te"},     {0xC80, 0xCFF, "kn"},       {0xD00, 0xD7F, "ml"},       {0xE00, 0xE7F, "th"},
    {0x3040, 0x30FF, "KANA"}, {0x4E00, 0x9FFF, "HAN"},    {0x3400, 0x4DBF, "HAN"},    {0xAC00, 0xD7AF, "ko"}};

struct Words {
  const char *group, *language, *words;   // between blanks
};
// letters alone decide where they are given as words of one letter; others are words of the language that stand in every
// paragraph
inline constexpr Words frequent[] = {
    {"LATIN", "en",
     " the of and to in is that it for you with was on are as be this have from not but they his her which we or an will there "
     "your can all has more if would about what my "},
    {"LATIN", "es",
     " de la que el en los se del las por un para con una su al lo como más pero sus le ya este sí porque esta entre cuando "
     "muy sin sobre también me hasta hay donde está es y no "},
    {"LATIN", "pt",
     " de que do da em um para com não uma os no se na por mais as dos como mas ao ele das seu sua ou quando muito nos já eu "
     "também só pelo pela até isso ela entre é são você e o "},
    {"LATIN", "fr",
     " de la le et les des en un du une que est pour qui dans par plus pas au sur ne se ce il sont avec ou aux ses cette mais "
     "être comme leur nous vous je tout elle été d l qu c "},
    {"LATIN", "de",
     " der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie "
     "nach wird bei einer um am sind noch wie einem über so zum "},
    {"LATIN", "it",
     " di che la il un in per è una non sono le si con del da al come più ma dei gli alla della nel i questo anche lo ha delle "
     "se nella ho ci io mi l dell "},
    {"LATIN", "nl",
     " de het een van en in is dat op te zijn met voor niet aan er om ook als dan maar bij nog uit naar door ze zich hij over "
     "wordt heeft je deze "},
    {"LATIN", "pl",
     " w i na z do się nie jest że to o jak po od za przez dla są ale czy tym co może przy tak już być ich jego lub oraz który "
     "która "},
    {"LATIN", "fi",
     " ja on ei se että oli joka mutta kun hän myös ovat tai niin kuin ole sen jos mukaan vain sekä voi minä olen sinun tämä "
     "jotka "},
    {"LATIN", "sw",
     " ya na wa kwa ni la katika za kuwa hii cha yake hiyo kama pia au lakini huo baada ili wake yao sana moja mimi wewe si "
     "hilo "},
    {"LATIN", "vi",
     " và của là có được trong cho không các một với những để người này đã khi tôi bạn như từ đến ra về cũng sẽ thể nhiều "},
    {"LATIN", "sv", " och att det i en som är på för med av den till inte om ett har de jag var men "},
    {"LATIN", "tr", " ve bir bu için da de ile çok olarak daha gibi en ben ne kadar olan var "},
    {"LATIN", "id", " yang dan di dengan untuk dari ini tidak dalam akan pada juga ke karena adalah saya "},
    {"CYRILLIC", "ru", " и в не на что с я он а то это как по но из у за вы для от так о же все было мы бы ты быть если их "},
    {"CYRILLIC", "uk", " і в на не що з та до у як за це від для але він по є так про її його ми ви які який може "},
    {"CYRILLIC", "bg", " и на да се в за от не с е са по че което ще като това но или до ви си много трябва може "},
    {"ARABIC", "ar", " في من على أن إلى هذا هذه التي الذي و لا ما كان عن مع أو هو هي كل قد بين ذلك إن "},
    {"ARABIC", "fa", " و در به از که این را با است برای آن یک خود تا می بر هم نیز شما ما باید شود "},
    {"ARABIC", "ur", " کے میں کی ہے اور سے کا کو اس کہ پر نے یہ ہیں ایک بھی ہو نہیں تھا وہ کر آپ "},
    {"DEVANAGARI", "hi", " के में है की और से का को हैं यह पर भी एक नहीं कि ने हो कर इस था आप वह लिए "},
    {"DEVANAGARI", "mr", " आहे आणि या व च्या मध्ये तो ते हे आहेत नाही की एक त्या होते करून साठी मी "},
    {"DEVANAGARI", "ne", " छ र को मा र हो छन् पनि यो लागि एक भने गर्न तपाईं मेरो हुन्छ गर्ने थियो "}};

}  // namespace detail

/// An ISO 639-1 code (Chinese: zh-cn), or "": nothing is written in letters.
inline std::string language_of(std::string_view reply) {
  std::map<std::string_view, size_t> letters;
  size_t ukrainian = 0, russian = 0;
  for (const char32_t c : text::code_points(reply)) {
    if (c == 0xD7 || c == 0xF7) continue;
    for (const detail::Script& script : detail::scripts)
      if (c >= script.from && c <= script.to) {
        ++letters[script.language];
        break;
      }
    ukrainian += c == 0x456 || c == 0x457 || c == 0x454 || c == 0x491;
    russian += c == 0x44B || c == 0x44D || c == 0x451;
  }
  if (letters.empty()) return {};
  // kana among Han is Japanese; a Latin name in another script's text says little, so a third of the letters is enough for
  // those
  const size_t han = letters.count("HAN") ? letters["HAN"] : 0, kana = letters.count("KANA") ? letters["KANA"] : 0;
  letters.erase("HAN");
  letters.erase("KANA");
  if (han + kana > 0) letters[kana * 10 > han ? "ja" : "zh-cn"] = 3 * (han + kana);  // a character is a word or half of one
  std::string_view group;
  for (const auto& [name, count] : letters)
    if (group.empty() || count > letters[group]) group = name;
  if (group.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == group.npos) return std::string(group);
  if (group == "CYRILLIC" && ukrainian != russian) return ukrainian > russian ? "uk" : "ru";

  std::map<std::string_view, size_t> hits;
  const std::string plain = text::lower(reply);
  std::string_view rest = plain;
  while (!rest.empty()) {
    size_t end = 0;
    for (utf8::Character c = utf8::at(rest, 0); c.valid && (text::is_word(c.code) || (c.code >= 0x900 && c.code < 0xE00));
         c = utf8::at(rest, end))
      end += c.size;
    if (end > 0) {
      const std::string key = " " + std::string(rest.substr(0, end)) + " ";
      for (const detail::Words& words : detail::frequent)
        if (group == words.group && std::string_view(words.words).find(key) != std::string_view::npos) ++hits[words.language];
    }
    rest.remove_prefix(end > 0 ? end : utf8::at(rest, 0).size);
  }
  std::string_view best;
  for (const detail::Words& words : detail::frequent)
    if (group == words.group && (best.empty() || hits[words.language] > hits[best])) best = words.language;
  return std::string(best);
}

}  // namespace sextant::metric::ifeval
