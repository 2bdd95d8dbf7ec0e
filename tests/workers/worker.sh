#!/bin/sh
# A worker of the torture on the command line: `worker.sh PATH PLACE SEED`. See `tests/src/mixed.rs` for the object.
# SHMSTORE is the program.
path=$1 place=$2 number=$3

# Prints a number with its complement.
stamped() { printf '{"number": %u, "check": %u}' "$number" "$((~number))"; }

# Says so if a line of JSON has another check than its number.
check() {
    found=$(printf '%s' "$1" | tr -d ' \n' | sed -n 's/.*"number":\([0-9]*\),"check":\([0-9]*\).*/\1 \2/p')
    [ -n "$found" ] || return 0
    # shellcheck disable=SC2086
    set -- $found
    [ "$2" = "$(printf %u "$((~$1))")" ] || echo "! the command line found something torn: $found"
}

while :; do
    number=$((number + 1))
    key=$((number % 24))
    case $((number % 7)) in
        0) "$SHMSTORE" push "$path" jobs "$(stamped)" --timeout 0 ;;
        1) check "$("$SHMSTORE" pop "$path" jobs --timeout 0 --json)" ;;
        2) "$SHMSTORE" send "$path" feed "$(stamped)" ;;
        3) "$SHMSTORE" put "$path" marks "$key" "$(stamped)" ;;
        4) check "$("$SHMSTORE" get "$path" "marks[$key]" --json)" ;;
        5) "$SHMSTORE" del "$path" marks "$key" --yes >/dev/null ;;
        6) "$SHMSTORE" notify "$path" turn ;;
    esac 2>/dev/null
    "$SHMSTORE" set "$path" "done[$place]" --add 1 >/dev/null || echo "! the command line cannot count"
done
