#!/usr/bin/env bash
# A hostile tester for the real window: at random it drags, clicks, types, pastes (millions of
# letters, no text at all, bidirectional), resizes (from 1 × 1 to 9000), scales and changes pages. The
# lab must live on, say nothing of a panic, and answer within a second. Not in the gate; what it
# last found stands in tests/window/README.md. Needs Xvfb, xdotool, xclip and python3.
#
#   SECONDS_LONG=600 SEED=1 tests/window/attack.sh
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/window/common.sh

SECONDS_LONG=${SECONDS_LONG:-600}
RANDOM=${SEED:-1}
# The window's thread must answer within this, in seconds.
HANG=1.0
SCREEN=9000x1200
pinger=
declare -A count

# below N: a number below N, in `number`. Two draws, for one ends at 32767.
below() { number=$(((RANDOM * 32768 + RANDOM) % $1)); }
# pick WORD…: one of the words, in `word`.
pick() { below $#; shift "$number"; word=$1; }
# A place on the window, more often in its first 1300 × 860 pixels, in `place`.
somewhere() {
    below 8
    local far=$number
    below "$([ "$far" = 0 ] && echo "$width" || echo $((width < 1300 ? width : 1300)))"
    local x=$number
    below "$([ "$far" = 0 ] && echo "$height" || echo $((height < 860 ? height : 860)))"
    place="$x $number"
}

# Files that are pasted.
make_pastes() {
    mkdir "$scratch/pastes"
    cd "$scratch/pastes"
    head -c 3500000 /dev/zero | tr '\0' 9 >huge
    head -c 3500000 /dev/zero | tr '\0' '\n' >lines
    head -c 4096 /dev/zero | tr '\0' 8 >most
    head -c 4097 /dev/zero | tr '\0' 7 >more
    head -c 1000000 /dev/urandom >binary
    head -c 100 /dev/zero >zeros
    printf '\xe2\x80\xae\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd8\xb3\xd9\x84\xd8\xa7\xd9\x85 \xe2\x80\xa8\xef\xbf\xbf' >bidi
    printf '\033[31m\007\033]0;pwned\007\177' >escapes
    for _ in $(seq 2000); do printf 'e\xcc\x81\xcc\x82\xcc\x83\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9'; done >marks
    printf '1e999' >infinite
    printf -- '-0.000000000000000000000000000000000001' >tiny
    cd "$OLDPWD"
}

do_drag() {
    local path=""
    somewhere
    path="mousemove $place mousedown 1"
    for _ in 1 2 3 4; do somewhere; path+=" mousemove $place sleep 0.02"; done
    xdotool $path mouseup 1
}
# In the controls, where it changes most.
do_slide() {
    below $((height < 860 ? height : 860))
    local y=$number path
    path="mousemove 130 $y mousedown 1"
    for _ in 1 2 3; do below 400; path+=" mousemove $number $y sleep 0.02"; done
    xdotool $path mouseup 1
}
do_click() {
    pick 1 1 1 1 2 3
    local button=$word
    somewhere
    pick 1 1 2 3
    xdotool mousemove $place click --repeat "$word" --delay 30 "$button"
}
do_scroll() {
    pick 4 5 6 7
    local button=$word
    somewhere
    below 30
    xdotool mousemove $place click --repeat $((number + 1)) --delay 3 "$button"
}
# A figure's, a menu's or a small window's key.
do_keys() {
    local keys=""
    for _ in 1 2 3; do
        pick Tab Return Escape ctrl+a ctrl+z ctrl+y ctrl+d ctrl+plus ctrl+minus ctrl+0 F1 Left \
            Right Up Down Home End Prior Next ctrl+c ctrl+x ctrl+o ctrl+s ctrl+e ctrl+shift+e \
            ctrl+shift+c BackSpace Delete space shift+Tab ctrl+shift+z
        keys+=" $word"
    done
    xdotool key --delay 20 $keys
}
do_type() {
    pick '1e30' '-5' 'nan' 'inf' '0' '99999999999999999999' 'abc def' '....' '()[]{}' '%s%n' '2000' '4096' '7'
    xdotool type --delay 2 -- "$word"
}
do_paste() {
    pick huge huge lines most more binary zeros bidi escapes marks infinite tiny
    local file=$scratch/pastes/$word target=UTF8_STRING selection=clipboard
    below 6
    [ "$number" = 0 ] && target=image/png
    below 6
    [ "$number" = 0 ] && selection=primary
    timeout 20 xclip -quiet -selection $selection -t $target -i "$file" 2>/dev/null &
    local owner=$!
    sleep 0.1
    # A field of the controls, or whatever has the keyboard.
    below 3
    if [ "$number" -gt 0 ]; then
        pick 180 230
        local x=$word
        below $((height < 860 ? height : 860))
        xdotool mousemove "$x" "$number" click 1
    fi
    if [ $selection = primary ]; then
        xdotool click 2
    else
        below 5
        xdotool key --delay 40 --repeat $((number + 1)) ctrl+v
        below 2
        [ "$number" = 0 ] || xdotool key Return
    fi
    sleep 0.3
    kill "$owner" 2>/dev/null || true
    wait "$owner" 2>/dev/null || true
}
do_resize() {
    pick '1 1' '64 64' '900 560' '1280 860' '1280 860' '1280 860' '1920 1080' '9000 700' '8193 300' '400 9000' '1 860' '1280 1' random
    if [ "$word" = random ]; then
        below 2500
        width=$((number + 1))
        below 1200
        height=$((number + 1))
    else
        read -r width height <<<"$word"
    fi
    xdotool windowsize "$window" "$width" "$height"
}
do_page() {
    below 620
    xdotool mousemove $((number + 330)) 40 click 1
}
do_menu() {
    pick 20 55 95 138
    local x=$word
    below 230
    xdotool mousemove "$x" 13 click 1 sleep 0.15 mousemove $((x + 15)) $((number + 30)) click 1
}

begin() {
    start_app
    width=1280 height=860
    # It opens in the middle of the wide screen.
    xdotool windowmove "$window" 0 0 sleep 0.5
    python3 tests/window/ping.py "$window" "$app" "$scratch/pings" &
    pinger=$!
}

# Whether it was “Quit” that ended the lab, by a click at random.
end_of_app() {
    local code=0
    wait "$app" || code=$?
    app=
    kill "$pinger" 2>/dev/null || true
    wait "$pinger" 2>/dev/null || true
    [ "$code" = 0 ] || fail "the lab ended with code $code; the last actions: $(tail -n 12 "$scratch/actions" | tr '\n' ' ')"
    look_at_errors
    count[quit]=$((${count[quit]:-0} + 1))
}

look_at_errors() {
    ! grep -q 'panicked\|RUST_BACKTRACE' "$scratch/app.err" || fail "a panic"
    cat "$scratch/app.err" >>"$scratch/all.err"
}

# Largest size in memory so far, in megabytes.
peak() { awk '/VmHWM/ { print int($2 / 1024) }' "/proc/$app/status" 2>/dev/null || echo 0; }

make_pastes
start_display
begin
end=$((SECONDS + SECONDS_LONG))
largest=0 actions=0
while [ $SECONDS -lt $end ]; do
    pick drag drag slide slide slide click click click scroll keys keys type paste paste resize resize page page page menu
    actions=$((actions + 1))
    printf '%s %s %s\n' "$SECONDS" "$actions" "$word" >>"$scratch/actions"
    count[$word]=$((${count[$word]:-0} + 1))
    "do_$word" 2>>"$scratch/xdotool.err" || true
    if alive; then
        now=$(peak)
        [ "${now:-0}" -le $largest ] || largest=$now
    else
        end_of_app
        begin
    fi
done
# It can still be used: a key that changes the picture.
xdotool windowsize "$window" 1280 860 sleep 1 windowfocus "$window" mousemove 640 12 key Escape sleep 0.5 key Escape sleep 2
import -window root -crop 1280x860+0+0 "$scratch/before.png"
xdotool key F1
changed=0
for _ in $(seq 20); do
    sleep 0.5
    alive || fail "the lab is gone at the end"
    import -window root -crop 1280x860+0+0 "$scratch/after.png"
    changed=$(compare -metric AE "$scratch/before.png" "$scratch/after.png" null: 2>&1 | cut -d. -f1 || true)
    [ "${changed:-0}" -le 1000 ] || break
done
[ -z "${SHOTS:-}" ] || cp "$scratch/before.png" "$scratch/after.png" "$SHOTS"
look_at_errors
kill "$pinger"
wait "$pinger" 2>/dev/null || true

say "$SECONDS_LONG s, seed ${SEED:-1}: $actions actions"
for kind in "${!count[@]}"; do printf '%s %s, ' "$kind" "${count[$kind]}"; done
say
sort -n "$scratch/pings" | awk -v hang=$HANG '
    { took[NR] = $1; if ($1 > hang) { late++; cpu = cpu " " $1 " s (" ($2 == "" ? "no answer" : $2 " s of it computing") ")" } }
    END {
        printf "%d answers: median %.3f s, 99 %% within %.3f s, the longest %.3f s\n", NR, took[int((NR + 1) / 2)], took[int(NR * 0.99)], took[NR]
        printf "later than %s s: %d%s\n", hang, late, cpu
    }'
say "memory at most $largest MB"
[ ! -s "$scratch/all.err" ] || { say "standard error:"; sort "$scratch/all.err" | uniq -c | cut -c1-300; }
[ "${changed:-0}" -gt 1000 ] || fail "F1 changes $changed pixels at the end"
say "F1 still opens the list of keys ($changed pixels)."
# The machine must be idle: what waits for a busy one counts as well.
hangs=$(awk -v hang=$HANG '$1 > hang' "$scratch/pings" | wc -l)
[ "$hangs" = 0 ] || fail "the window's thread hung $hangs times"
