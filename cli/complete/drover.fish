# Completion of NAME for fish; "PROGRAM completion --help" says where it belongs.
function FUNCTION
    set -l before (commandline -opc)
    set -l all (commandline -op)
    set -l word (commandline -ct)
    set -l from (math (count $before) + 1)
    test -n "$word"; and set from (math $from + 1)
    set -l after
    test $from -le (count $all); and set after $all[$from..-1]
    set -l answer (PROGRAM __complete fish NAME (math (count $before) - 1) \
        $before[2..-1] "$word" $after 2>/dev/null </dev/null)
    if test "$answer[1]" = files
        set -l option (string match -r -- '^--[^=]*=' $word)
        for file in (__fish_complete_path (string replace -r -- '^--[^=]*=' '' $word))
            echo "$option$file"
        end
        return
    end
    printf '%s\n' $answer[2..-1]
end
complete -c NAME -e
complete -c NAME -f -k -a '(FUNCTION)'
