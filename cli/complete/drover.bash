# Completion of NAME for bash 3.2 and newer; "PROGRAM completion --help" says where it belongs.
FUNCTION() {
    local IFS=$'\n' LINE
    COMPREPLY=()
    while read -r LINE; do
        case $LINE in
            "words "[0-9]*) ;;
            files) compopt +o nospace -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$2")) ;;
            *) COMPREPLY+=("$LINE") ;;
        esac
    done < <(PROGRAM __complete bash NAME "$COMP_WORDBREAKS" \
        "${COMP_LINE:0:COMP_POINT}" "${COMP_LINE:COMP_POINT}" 2>/dev/null </dev/null)
}
complete -o nospace -o nosort -F FUNCTION NAME 2>/dev/null || complete -o nospace -F FUNCTION NAME
