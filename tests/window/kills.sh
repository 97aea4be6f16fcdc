#!/usr/bin/env bash
# Kills the real window again and again while it saves its state, and looks at what the next
# start finds: the state before or the new one, whole, and never nothing. Not in the gate; what it
# last found stands in tests/window/README.md. Needs Xvfb and xdotool, and strace for every second kill.
#
#   KILLS=100 SEED=1 tests/window/kills.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/window/common.sh

KILLS=${KILLS:-100}
RANDOM=${SEED:-1}
# Quits; the question for unsaved changes has “Save” under the keyboard and “Close without saving” next.
QUIT='key ctrl+q sleep 0.8 key Tab sleep 0.2 key Return'
# Seconds from that key to the end of a process that nobody kills, and many more.
ENDS_WITHIN=10

# A state of some megabytes takes long enough to write that kills fall into it.
large_experiment() {
    awk 'BEGIN {
        srand(1)
        print "draws = \"layered\"\n[architecture]\ninput = 200\nbatch = 1000\n[data]\nx = ["
        for (b = 0; b < 1000; b++) {
            line = "["
            for (i = 0; i < 200; i++) line = line rand() ","
            print line "],"
        }
        print "]\ny = ["
        for (b = 0; b < 1000; b++) print "[" rand() "],"
        print "]"
    }' >"$scratch/large.toml"
}

folder=$scratch/home/.local/share/gradient-lab

seed_in() { grep -o 'seed = [0-9]*' "$1" | head -n 1 | tr -dc 0-9 || true; }

# Makes a change that is to be saved: as many new draws as given.
change() {
    sleep 0.5
    for _ in $(seq "$1"); do xdotool key --window "$window" ctrl+d sleep 0.3; done
    sleep 0.3
}

quit() { eval xdotool "$QUIT"; }

# The next start says at most that a cut file gave way to the last good one, and the state is the
# one before, or that of one of the changes: the lab saves by itself while it is changed. Of several
# new draws a busy window may take two for one.
look() {
    local what=$1 before=$2 new=$3 found
    start_app_at_home
    if [ -s "$scratch/app.err" ]; then
        grep -q 'the last good one takes its place' "$scratch/app.err" || fail "$what"
        from_copy=$((from_copy + 1))
    fi
    [ "$(wc -l <"$scratch/app.err")" -le 1 ] || fail "$what: more than one sentence"
    found=$(seed_in "$folder/app.ron")
    if [ "$found" = "$before" ]; then
        was_old=$((was_old + 1))
    elif [ -n "$found" ] && [ "$found" -gt "$before" ] && [ "$found" -le "$new" ]; then
        was_new=$((was_new + 1))
    else
        fail "$what: the seed is “$found”, not from $before to $new"
    fi
    last=$found
}

large_experiment
start_display
start_app "$scratch/large.toml"
change 1
# A busy machine may not have opened the menu when it is clicked into.
for _ in $(seq 5); do
    quit
    for _ in $(seq $((ENDS_WITHIN * 10))); do alive || break 2; sleep 0.1; done
    park
done
alive && fail "“Quit” does not end the lab; does $QUIT still answer its question?"
wait "$app" || fail "the lab ended with code $?"
last=$(seed_in "$folder/app.ron")
[ -n "$last" ] || fail "no state was saved"
say "a state of $(wc -c <"$folder/app.ron") bytes"

was_old=0 was_new=0 from_copy=0 ended=0 traced=0
for number in $(seq "$KILLS"); do
    start_app_at_home
    [ ! -s "$scratch/app.err" ] || fail "kill $number: a start after a start says something"
    before=$last
    times=$((RANDOM % 6 + 1))
    change "$times"
    if [ $((number % 2)) = 0 ] && command -v strace >/dev/null; then
        # At one of the calls of the system that touch the two files.
        call=$((RANDOM % 24 + 1))
        what="kill $number, at call $call on the state's files"
        strace -qq -f -p "$app" -o /dev/null -P "$folder/app.ron" -P "$folder/app.last.ron" \
            -e trace=openat,write,close,rename,renameat,renameat2,fsync,fdatasync \
            -e inject=all:signal=KILL:when="$call" 2>"$scratch/strace.err" &
        tracer=$!
        sleep 0.3
        quit
        for _ in $(seq $((ENDS_WITHIN * 20))); do alive || break; sleep 0.05; done
        traced=$((traced + 1))
        wait "$tracer" 2>/dev/null || true
    else
        after=$((RANDOM % 800))
        what="kill $number, $after ms after the key"
        quit
        sleep "$(printf '%d.%03d' $((after / 1000)) $((after % 1000)))"
    fi
    if alive; then kill -KILL "$app"; else ended=$((ended + 1)); fi
    wait "$app" 2>/dev/null || true
    look "$what" "$before" $((before + times))
    kill -KILL "$app"
    wait "$app" 2>/dev/null || true
done
say "$KILLS kills, $traced of them at a call of the system: the next start found the new state $was_new times and the one before $was_old times,"
say "$from_copy times from the copy since the file was cut; $ended processes had ended by then, or by the tracer's signal."
say "Every kill left a state that starts."
