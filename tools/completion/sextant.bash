# Completion of `sextant` for bash. Flags come from the help texts, names of data sets and models from `sextant list --json`,
# so that nothing here has to be kept in step with the program.

_sextant_flags() { "$1" help "$2" 2>/dev/null | grep -oE '(^|[^[:alnum:]-])--[a-z][a-z-]*' | grep -oE -- '--[a-z-]+' | sort -u; }
_sextant_names() { "$1" list "$2" --json 2>/dev/null | sed -n 's/.*"name":"\([^"]*\)".*/\1/p'; }
_sextant_plugins() {
  "$1" plugins list --json 2>/dev/null | sed -n 's/^{"kind":"\([a-z]*\)","id":"\([a-z0-9_]*\)".*/\1:\2/p'
}

_sextant() {
  local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} flag='' choices='' i
  COMPREPLY=()
  # the flag whose values are being written: the last one that stands before the word
  for ((i = COMP_CWORD - 1; i > 1; --i)); do
    if [[ ${COMP_WORDS[i]} == -* ]]; then flag=${COMP_WORDS[i]}; break; fi
  done
  local values=$((COMP_CWORD - i - 1))  # of that flag, before the word
  if ((COMP_CWORD == 1)); then
    choices='run list fetch prompt check report show compare gate explain verify view export import plugins model help --help --version'
  elif [[ $word == -* ]]; then
    choices="$(_sextant_flags "$program" "$command") --help"
    [[ $command == plugins ]] && choices='--plugin-path --json --config --input --split --items --kind --seconds --verbose --language --folder --help'
  elif [[ -n $flag ]]; then
    case $flag in
      --datasets) choices=$(_sextant_names "$program" datasets) ;;
      --models) choices=$(_sextant_names "$program" models) ;;
      --summarizer) choices=$(_sextant_names "$program" summarizers) ;;
      *)
        ((values == 0)) && case $flag in
          --hf-type) choices='base chat' ;;
          --compat) choices='none opencompass opencompass-0.2.4 lm-eval' ;;
          --color) choices='auto always never' ;;
          --format) choices='lm-eval inspect evalscope junit csv parquet ceval cmmlu' ;;
          --from) choices='lm-eval opencompass inspect' ;;
          -a | --accelerator) choices='vllm lmdeploy' ;;
          --compute) choices='auto f32 bf16 fp16 int8 exact' ;;
          --limit-mode) choices='first random' ;;
          --chat-template) choices='auto none' ;;
          --custom-dataset-data-type) choices='mcq qa' ;;
          --custom-dataset-infer-method) choices='gen ppl' ;;
          -m | --mode) choices='all infer eval viz' ;;
          --backend) choices="auto $(_sextant_plugins "$program" | sed -n 's/^model://p')" ;;
        esac
        ;;
    esac
  elif ((COMP_CWORD == 2)); then
    case $command in
      fetch) choices=$(_sextant_names "$program" datasets) ;;
      list) choices='datasets models plugins summarizers tasks' ;;
      import) choices='results opencompass' ;;
      plugins) choices='list info run check new describe probe' ;;
      model) choices='info tokenize detokenize score generate embed chat' ;;
      help) choices='run list fetch prompt check report show compare gate explain verify view export import plugins model' ;;
    esac
  elif [[ $command == plugins && (${COMP_WORDS[2]} == info || ${COMP_WORDS[2]} == run) ]]; then
    choices=$(_sextant_plugins "$program")
    # a colon ends a word in bash: give only what stands behind it
    if [[ $COMP_WORDBREAKS == *:* ]]; then
      if [[ ${COMP_WORDS[COMP_CWORD]} == : ]]; then
        word=
        choices=$(sed -n "s/^${COMP_WORDS[COMP_CWORD - 1]}://p" <<<"$choices")
      elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == : ]]; then
        choices=$(sed -n "s/^${COMP_WORDS[COMP_CWORD - 2]}://p" <<<"$choices")
      fi
    fi
  elif [[ $command == fetch ]]; then
    choices=$(_sextant_names "$program" datasets)
  elif [[ $command == list ]]; then
    case ${COMP_WORDS[2]} in datasets | models | summarizers) choices=$(_sextant_names "$program" "${COMP_WORDS[2]}") ;; esac
  fi
  mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}
# where nothing is known, files
complete -o default -F _sextant sextant
