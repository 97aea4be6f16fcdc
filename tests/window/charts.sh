#!/usr/bin/env bash
# At random a real mouse drags, zooms, draws boxes and clicks on the charts of every page. The lab
# must live on and say nothing of a panic, and take no processor time once it is left alone. That no
# chart is empty meanwhile is tested without a display, by `tests/ui/charts_at_random.rs`. Then the
# lab is started again: it has the theme and the page that it was left with. Not in the gate; what it
# last found stands in tests/window/README.md. Needs Xvfb, xdotool and ImageMagick.
#
#   SECONDS_LONG=120 SEED=1 tests/window/charts.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/window/common.sh

SECONDS_LONG=${SECONDS_LONG:-120}
RANDOM=${SEED:-1}
# Processor time, in percent of one core, that a window which nobody touches may take.
IDLE_LIMIT=2
# Where the pages' charts are.
LEFT=400 TOP=60 WIDE=740 HIGH=700
declare -A count

# below N: a number below N, in `number`.
below() { number=$((RANDOM % $1)); }
# pick WORD…: one of the words, in `word`.
pick() { below $#; shift "$number"; word=$1; }
# A place on a chart, in `place`.
somewhere() {
    below $WIDE
    local x=$((number + LEFT))
    below $HIGH
    place="$x $((number + TOP))"
}

# dragged BUTTON
dragged() {
    somewhere
    local path="mousemove $place mousedown $1"
    for _ in 1 2 3; do somewhere; path+=" mousemove $place sleep 0.03"; done
    xdotool $path mouseup "$1"
}
do_pan() { dragged 1; }
do_box() { dragged 3; }
do_zoom() {
    pick 4 4 4 5
    somewhere
    xdotool mousemove $place keydown ctrl click --repeat 5 --delay 10 "$word" keyup ctrl
}
do_scroll() {
    pick 4 5
    somewhere
    xdotool mousemove $place click --repeat 5 --delay 10 "$word"
}
do_click() { somewhere; xdotool mousemove $place click 1; }
do_twice() { somewhere; xdotool mousemove $place click --repeat 2 --delay 60 1; }
# The menu, and an entry of it or none.
do_menu() {
    somewhere
    below 140
    xdotool mousemove $place click 3 sleep 0.1 mousemove_relative -- 20 $((number + 5)) sleep 0.1
    pick entry escape
    if [ "$word" = entry ]; then xdotool click 1; fi
    xdotool key Escape
}
do_page() { pick 1 2 3 4 5 6 7 8 9; xdotool key "ctrl+$word"; }
do_undo() { xdotool key ctrl+z; }

jiffies() { cut -d' ' -f14,15 "/proc/$app/stat" | tr ' ' +; }

# A colour of the window's ground, below the controls.
ground() {
    import -window root "$scratch/ground.png"
    convert "$scratch/ground.png" -crop 1x1+305+600 -format '%[fx:int(255*mean)]' info:
}

start_display
start_app
xdotool windowmove "$window" 0 0
sleep 2
first=$(ground)
end=$((SECONDS + SECONDS_LONG)) actions=0
while [ $SECONDS -lt $end ]; do
    pick pan pan pan box box zoom zoom zoom zoom scroll click twice menu page page undo
    count[$word]=$((${count[$word]:-0} + 1))
    actions=$((actions + 1))
    "do_$word" 2>>"$scratch/xdotool.err" || true
    alive || fail "the lab ended after $actions actions, the last of them: $word"
done
! grep -q 'panicked\|RUST_BACKTRACE' "$scratch/app.err" || fail "a panic"
xdotool key Escape key ctrl+1
park
sleep 5
[ -z "${SHOTS:-}" ] || import -window root "$SHOTS/charts.png"
before=$(($(jiffies)))
sleep 10
share=$(awk -v j=$(($(jiffies) - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.1f", j / hz * 10 }')
say "$SECONDS_LONG s, seed ${SEED:-1}: $actions actions, no panic"
for kind in "${!count[@]}"; do printf '%s %s, ' "$kind" "${count[$kind]}"; done
say
awk -v s="$share" -v most=$IDLE_LIMIT 'BEGIN { exit s > most }' ||
    fail "idle, the lab takes $share % of a core; $IDLE_LIMIT % is the most"
say "idle afterwards: $share % of a core over 10 s"

# The theme that the system has not, and another page.
if [ "$first" -lt 128 ]; then wished=Light row=88; else wished=Dark row=115; fi
xdotool key ctrl+3 sleep 1 mousemove 95 13 click 1 sleep 1 mousemove 110 $row sleep 0.5 click 1 sleep 0.5 key Escape
park
sleep 3
chosen=$(ground)
[ -z "${SHOTS:-}" ] || import -window root "$SHOTS/theme-chosen.png"
[ $(((chosen < 128) != (first < 128))) = 1 ] || fail "the menu does not change the theme: $first, $chosen"
xdotool key ctrl+q
for _ in $(seq 100); do alive || break; sleep 0.1; done
! alive || fail "the lab does not end"
app=
start_app_at_home
xdotool windowmove "$window" 0 0
sleep 3
[ -z "${SHOTS:-}" ] || import -window root "$SHOTS/theme-again.png"
again=$(ground)
[ "$again" = "$chosen" ] || fail "chosen was a ground of $chosen, and the next start has $again"
say "a $wished theme, chosen where the system has the other one, is there after a restart"
