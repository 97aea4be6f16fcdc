#!/usr/bin/env bash
# Kills the real window with SIGKILL at random moments while somebody edits, and looks at what the
# next start opens on: nothing older than 5 s may be lost. Not in the gate; what it last found
# stands in tests/window/README.md. Needs Xvfb and xdotool.
#
#   KILLS=20 SEED=1 tests/window/autosave.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/window/common.sh

KILLS=${KILLS:-20}
RANDOM=${SEED:-1}
# The oldest change that a kill may cost, in milliseconds.
MOST=5000
folder=$scratch/home/.local/share/gradient-lab

now() { date +%s%3N; }
seed_in() { grep -o 'seed = [0-9]*' "$1" 2>/dev/null | head -n 1 | tr -dc 0-9 || true; }

# Every press makes the next seed; `times` remembers when which seed came.
press() {
    times+=("$(now)")
    xdotool key --window "$window" ctrl+d
}

# What a start opens on is saved again as it is, so that the file tells what the window shows.
seed_shown() {
    for _ in $(seq 300); do
        sleep 0.1
        [ "$folder/app.ron" -nt "$scratch/started" ] && found=$(seed_in "$folder/app.ron") || found=
        [ -z "$found" ] || return 0
    done
    fail "the next start has saved nothing within 30 s"
}

worst=0 sum=0 lost=0 said=0
start_display
start_app
seed=42
for number in $(seq "$KILLS"); do
    times=()
    # From half a second to 9 s of editing, a change every 0.1 to 1.1 s.
    end=$(($(now) + 500 + RANDOM % 8500))
    while [ "$(now)" -lt "$end" ]; do
        press
        sleep "0.$((100 + RANDOM % 900))"
    done
    at=$(now)
    kill -KILL "$app"
    wait "$app" 2>/dev/null || true
    touch "$scratch/started"
    sleep 0.1
    start_app_at_home
    if [ -s "$scratch/app.err" ]; then
        grep -q 'the last good one takes its place' "$scratch/app.err" || fail "kill $number: it says something else"
        said=$((said + 1))
    fi
    seed_shown
    kept=$((found - seed))
    { [ "$kept" -ge 0 ] && [ "$kept" -le ${#times[@]} ]; } || fail "kill $number: from $seed the seed is $found after ${#times[@]} changes"
    age=0
    if [ "$kept" -lt ${#times[@]} ]; then
        # The first change that is not there: all that is lost came after it.
        age=$((at - times[kept]))
        lost=$((lost + 1))
    fi
    [ "$age" -le "$MOST" ] || fail "kill $number: a change is lost that was $age ms old"
    [ "$age" -le "$worst" ] || worst=$age
    sum=$((sum + age))
    seed=$found
done
say "$KILLS kills while somebody edited: each next start opened on the experiment. $lost times the last changes were lost,"
say "at most those of the last $worst ms, on average of $((sum / KILLS)) ms; $said times the copy stood in for a file that was cut."
