#compdef NAME
# Completion of NAME for zsh; "PROGRAM completion --help" says where it belongs.
FUNCTION() {
    local -a answer closed open
    local line stem
    answer=("${(@f)$(PROGRAM __complete zsh NAME $((CURRENT - 2)) \
        "${(@Q)words[2,CURRENT-1]}" "$PREFIX" "${(@Q)words[CURRENT+1,-1]}" 2>/dev/null </dev/null)}")
    if [[ $answer[1] == files ]]; then
        compset -P '--*='
        _files
        return
    fi
    stem=${answer[1]#words }
    for line in "${(@)answer[2,-1]}"; do
        case $line in
            -*) closed+=("${line#-}") ;;
            +*) open+=("${line#+}") ;;
        esac
    done
    (( stem )) && compset -p $stem
    local result=1
    (( $#closed )) && _describe -V 'NAME' closed && result=0
    (( $#open )) && _describe -V 'NAME' open -S '' && result=0
    return result
}
if [[ $funcstack[1] == _NAME ]]; then
    FUNCTION "$@"
else
    compdef FUNCTION NAME
fi
