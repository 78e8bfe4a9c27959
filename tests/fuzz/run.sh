#!/usr/bin/env bash
# Builds each fuzz target with clang's libFuzzer (addresses and undefined behaviour checked) and runs it for SECONDS:
#   tests/fuzz/run.sh [SECONDS [TARGET...]]     targets: csv json card gguf safetensors config jinja tokenizer
# Fails on any crash, leak, endless loop or run-away memory, and says where the input lies that shows it. The binaries, and the corpora
# that grow from run to run, lie in $SEXTANT_FUZZ_DIR (default build/fuzz).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
seconds=${1:-20}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(csv json card gguf safetensors config jinja tokenizer)
work=${SEXTANT_FUZZ_DIR:-$root/build/fuzz}
cxx=${FUZZ_CXX:-clang++}
command -v "$cxx" >/dev/null || { echo "SKIP: fuzzing needs clang++ (apt-get install clang)" >&2; exit 77; }
launcher=()
command -v ccache >/dev/null && launcher=(ccache)
flags=(-std=c++20 -gline-tables-only -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
  -fsanitize-ignorelist="$root/tests/fuzz/ignored.txt"
  -DIGNORED="$(sha256sum <"$root/tests/fuzz/ignored.txt" | cut -c1-8)"  # ccache does not look into that list
  -DBOOST_DLL_USE_STD_FS -Wno-ambiguous-reversed-operator  # as RapidJSON 1.1 compares its iterators
  -I"$root/sdk/include" -I"$root/sdk/lib/include" -I"$root/models/engine")
libraries=(-ldl -lfmt -lcrypto -lpcre2-8 -lsentencepiece -lutf8proc)

lib() { (cd "$root" && echo sdk/lib/"$1"/*.cpp); }
# texts as Python treats them rest on Jinja's; what has no Jinja does without
plain() { "$@" | sed 's# *sdk/lib/text/plain_text.cpp##'; }
core() { local name; for name in "$@"; do echo "core/$name.cpp"; done; }
sources_of() {
  case $1 in
    csv) ;;
    json) lib regex; plain lib text; lib schema; core base/text base/files data/fields data/message data/response ;;
    card) lib regex; lib schema; plain lib text; core base/text base/files base/log config/json_source config/shapes config/card config/card_parts config/card_store \
            config/combinations config/each config/format_changes config/generation config/groups config/model_card config/option_columns config/own_chains config/perturb config/read_card config/rows config/run_config config/set_member config/subset config/version data/fields data/message data/sample ;;
    jinja) lib jinja; lib regex; lib text; (cd "$root" && echo models/engine/chat/*.cpp models/engine/checkpoint/{mapped_file,text_file}.cpp) ;;
    safetensors) lib regex; plain lib text; (cd "$root" && echo models/engine/checkpoint/*.cpp) ;;
    config) lib regex; plain lib text; (cd "$root" && echo models/engine/{checkpoint,architecture}/*.cpp) ;;
    gguf) lib regex; plain lib text; (cd "$root" && echo models/engine/{checkpoint,architecture,tokenizer,tokenizer/*}/*.cpp) ;;
    tokenizer) lib regex; plain lib text; (cd "$root" && echo models/engine/{checkpoint,tokenizer,tokenizer/*}/*.cpp) ;;
    *) echo "there is no target $1; there are: csv json card gguf safetensors config jinja tokenizer" >&2; exit 64 ;;
  esac
}

object_of() { echo "$work/objects/${1//\//_}.o"; }
compile() { "${launcher[@]}" "$cxx" "${flags[@]}" -c "$root/$1" -o "$(object_of "$1")"; }
build_all() {  # every source of every target once, as many at a time as there are cores
  local target source objects running=0
  for target in "${targets[@]}"; do echo "tests/fuzz/fuzz_$target.cpp" $(sources_of "$target"); done | tr ' ' '\n' | sort -u >"$work/sources"
  while read -r source; do
    [ "$running" -lt "$(nproc)" ] || { wait -n; running=$((running - 1)); }
    compile "$source" &
    running=$((running + 1))
  done <"$work/sources"
  while [ "$running" -gt 0 ]; do wait -n; running=$((running - 1)); done
  for target in "${targets[@]}"; do
    objects=()
    for source in "tests/fuzz/fuzz_$target.cpp" $(sources_of "$target"); do objects+=("$(object_of "$source")"); done
    "$cxx" -fsanitize=fuzzer,address,undefined "${objects[@]}" "${libraries[@]}" -o "$work/fuzz_$target"
  done
}

seeds() {  # TARGET: what sound input looks like
  local out=$work/corpus/$1 card name
  mkdir -p "$out"
  case $1 in
    csv)
      printf 'id,question,A,B,C,D,answer\n0,"a ""quoted"", one",1,2,3,4,A\n1,"two\nlines",,,,,B\n' >"$out/quoted"
      printf '\xef\xbb\xbfquestion\tA\tB\tanswer\r\n\xe5\xa4\xa9\t1\t2\tA\r\n' >"$out/tsv"
      cp "$root"/datasets/ceval_xyj/data/val/xyj_val.csv "$out/xyj" ;;
    json)
      printf '{"a": [1, -2.5e-3, true, null, "\\u00e4\\ud83d\\ude00"], "b": {"c": 18446744073709551615}}' >"$out/values"
      printf '// a comment\n{"a": [1, 2,], /* another */ "b": 1e308,}' >"$out/relaxed"
      printf '{"key":"0f22","text":"B","scores":[{"logprob":-1.5,"total_logprob":-2.25,"tokens":2,"total_tokens":5,"greedy":true}],"calls":[{"id":"1","name":"calculator","arguments":"{}"}],"finish":"eos","usage":{"prompt_tokens":16,"computed_tokens":16,"generated_tokens":1,"truncated_tokens":0}}' >"$out/journal"
      printf '{"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":["string","null"],"default":"x","pattern":"^[a-z]+$"},"b":{"enum":[1,2]},"c":{"type":"array","items":{"$ref":"#/definitions/d"}}},"definitions":{"d":{"type":"integer","minimum":0}}}\n{"a":"y","b":1,"c":[3]}' >"$out/schema"
      printf '{"patternProperties":{"^a":{"allOf":[{"multipleOf":2},{"not":{"maximum":0}}]}},"minProperties":1,"dependencies":{"a":["b"]},"properties":{"b":{"items":[{}],"additionalItems":false,"uniqueItems":true},"c":{"oneOf":[{"maxLength":1},{"$ref":"#/properties/b"}]}}}\n{"a":2,"b":[1],"c":"x"}' >"$out/rules" ;;
    card)
      for card in "$root"/datasets/*/cards/*.json "$root"/models/cards/*.json; do
        # subject lists are long and teach nothing; "extends" is not followed
        [ -f "$card" ] && [ "$(stat -c %s "$card")" -lt 6000 ] && grep -v '"extends"' "$card" >"$out/${card##*/}"
      done
      printf '{"card":"dataset","abbr":"x-${n}","loader":{"type":"custom"},"path":"q.csv","each":[{"n":"a"},{"n":"b"}],"reader":{"input_columns":["question"],"output_column":"answer","test_range":"[:3]"},"infer":{"retriever":{"type":"fix_k","ids":[0]},"template":{"type":"text","prompt":"{question}"},"inferencer":{"type":"gen","max_out_len":3,"stop":["."]}},"eval":{"postprocessors":[{"type":"first_capital"}],"metrics":[{"type":"accuracy"}]},"groups":[{"name":"g","members":["x-a"]}],"variants":{"v":{"infer":{"inferencer":{"type":"ppl"}}}}}' >"$out/whole"
      printf '{"card":"model","abbr":"m","backend":"cpu","model_path":"m.gguf","max_seq_len":2048,"meta_template":{"round":[{"role":"HUMAN","begin":"<","end":">"},{"role":"BOT","begin":"","generate":true}]},"stop_words":["x"],"generation":{"temperature":0.5},"config":{"threads":2}}' >"$out/model" ;;
    gguf) cp "$root/tests/golden/tiny_llama.gguf" "$out/tiny"; head -c 20000 "$out/tiny" >"$out/cut" ;;
    config)
      python3 -c 'import json, sys
for i, entry in enumerate(json.load(open(sys.argv[1]))["entries"]):
    json.dump(entry["config"], open(f"{sys.argv[2]}/{i}", "w"))' "$root/tests/golden/families/goldens.json" "$out" ;;
    jinja)
      python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
import jinja_cases
for i, case in enumerate(jinja_cases.cases()):
    open(f"{sys.argv[2]}/{i}", "wb").write(case.encode())' "$root/tests/golden" "$out"
      printf '{%%- for m in messages -%%}<{{ m.role }}>{{ m.content | trim }}</s>{%%- endfor -%%}\0{"messages":[{"role":"user","content":" hi "}]}' >"$out/own" ;;
    tokenizer)
      cp "$root"/tests/golden/tokenizers/*.json "$root"/tests/golden/tokenizers/*.model "$out"
      rm "$out/texts.json"
      printf 'YQ== 0\nYg== 1\nYWI= 2\n4A== 3\n' >"$out/ranks"
      local beside
      beside=$'\n--file--\n{"bos_token":{"content":"<s>"},"eos_token":"</s>","add_bos_token":true,"legacy":false,'
      beside+='"added_tokens_decoder":{"5":{"content":"<x>","special":true,"lstrip":true}}}'
      beside+=$'\n--file--\n{"<y>":430}\n--file--\n{"additional_special_tokens":["<z>"]}\n--file--\n{"eos_token_id":[1,2]}'
      for name in byte_level.json sp_bpe.model; do cat "$out/$name" - <<<"$beside" >"$out/folder_$name"; done ;;
    safetensors)
      printf '\x55\0\0\0\0\0\0\0{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}12345678' >"$out/one" ;;
  esac
}

# Says on standard output how it went; fails where an input was found.
fuzz() {
  local target=$1 log=$work/$1.log status=0 executions found
  seeds "$target"
  ASAN_OPTIONS=allocator_may_return_null=1 "$work/fuzz_$target" -max_total_time="$seconds" -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10 \
    -max_len=400000 -artifact_prefix="$work/found/$target-" -print_final_stats=1 "$work/corpus/$target" >"$log" 2>&1 || status=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  if [ "$status" -eq 0 ]; then
    echo "ok: $target, ${executions:-0} executions, $(sed -n 's/.*cov: \([0-9]*\).*/\1/p' "$log" | tail -n 1) edges"
    return
  fi
  {
    echo "not ok: $target, exit $status; the reason, the stack, and where the input lies:"
    grep -n -m 20 -E 'ERROR|SUMMARY|runtime error|Assertion|ALARM|Test unit written' "$log" || tail -n 20 "$log"
    grep -E '^ *#[0-9]+ 0x' "$log" | grep -v -E ' in (__|fuzzer::|raise|abort|LLVMFuzzer)' | head -n 25
    found=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    [ -z "$found" ] || { echo "the input, its first bytes:"; head -c 600 "$found" | od -A d -c | head -n 40; }
  } | cut -c 1-400
  return 1
}

mkdir -p "$work/objects" "$work/found"
build_all
failed=0
running=0
for target in "${targets[@]}"; do  # as many at a time as there are cores
  [ "$running" -lt "$(nproc)" ] || { wait -n || failed=1; running=$((running - 1)); }
  fuzz "$target" >"$work/$target.report" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do wait -n || failed=1; running=$((running - 1)); done
for target in "${targets[@]}"; do
  if grep -q '^ok: ' "$work/$target.report"; then cat "$work/$target.report"; else cat "$work/$target.report" >&2; fi
done
exit "$failed"
