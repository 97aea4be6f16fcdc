#!/usr/bin/env bash
# The real window under a virtual display: a real mouse drags real sliders and screenshots are
# compared. Needs Xvfb, xdotool, xclip and ImageMagick, and a software renderer (Mesa).
#
#   tests/window/run.sh [FOLDER]     screenshots go to FOLDER, else to a temporary one
set -euo pipefail
cd "$(dirname "$0")/../.."

. tests/window/common.sh

# Written by the test `controls_stand_where_the_mouse_will_look_for_them`.
PLACES=$TARGET/tmp/places.txt
# Processor time, in percent of one core, that a window which nobody touches may take.
IDLE_LIMIT=2
# Half seconds that a picture may take to come.
PATIENCE=60
WHOLE=$SCREEN+0+0
# Right of the controls and below the menu: figures, diagnosis, table.
PLOTS=960x800+315+32
# The line at the bottom.
STATUS=1280x24+0+836
# File, Edit, View, Help.
MENU=160x26+0+0

shots=${1:-$scratch/shots}
mkdir -p "$shots"
# shot NAME: a screenshot, once the window has shown something and rested for two seconds.
shot() {
    local file=$shots/$1.png before=$scratch/before.png same=0
    import -window root "$before"
    for _ in $(seq 120); do
        sleep 0.5
        import -window root "$file"
        if [ "$(differing "$before" "$file" "$WHOLE")" = 0 ] &&
            [ "$(identify -format %k "$file")" -gt 50 ]; then
            same=$((same + 1))
            [ $same -lt 4 ] || return 0
        else
            same=0
            cp "$file" "$before"
        fi
    done
    fail "the window does not come to rest before the screenshot “$1”"
}

# differing A B REGION [TOLERANCE]: the number of pixels that differ.
differing() {
    compare -metric AE -fuzz "${4:-0%}" -extract "$3" "$1" "$2" null: 2>&1 | cut -d. -f1 || true
}

# shows NAME REGION WORDS [TOLERANCE]: the region becomes, or is, as in that screenshot.
shows() {
    local count
    for _ in $(seq "$PATIENCE"); do
        import -window root "$scratch/now.png"
        count=$(differing "$shots/$1.png" "$scratch/now.png" "$2" "${4:-0%}")
        if [ "$count" = 0 ]; then
            say "ok: $3"
            return
        fi
        sleep 0.5
    done
    cp "$scratch/now.png" "$shots/failed.png"
    fail "$3: $count pixels are not as in “$1”; see $shots/failed.png"
}

# has_changed NAME REGION WORDS PIXELS: the region comes to differ from that screenshot.
has_changed() {
    local count
    for _ in $(seq "$PATIENCE"); do
        import -window root "$scratch/now.png"
        count=$(differing "$shots/$1.png" "$scratch/now.png" "$2")
        if [ "$count" -ge "$4" ]; then
            say "ok: $3 ($count pixels differ)"
            return
        fi
        sleep 0.5
    done
    fail "$3: only $count pixels differ from “$1”"
}

# until_changed BEFORE REGION: waits until a region of the screen is not what it was.
until_changed() {
    for _ in $(seq 100); do
        import -window root "$scratch/now.png"
        [ "$(differing "$1" "$scratch/now.png" "$2")" = 0 ] || return 0
        sleep 0.1
    done
    fail "nothing happens at $2"
}

# drag NAME SHARE…: takes the slider in its middle and goes through shares of its width.
drag() {
    local name left right y before=$scratch/before.png
    read -r name left right y < <(grep "^$1 " "$PLACES")
    shift
    xdotool mousemove $(((left + right) / 2)) "$y"
    sleep 0.4
    import -window root "$before"
    xdotool mousedown 1
    # On a busy machine a frame takes long; pressed and let go within one is a click.
    until_changed "$before" "$((right - left))x20+$left+$((y - 10))"
    for share in "$@"; do
        xdotool mousemove $((left + (right - left) * share / 100)) "$y"
        sleep 0.03
    done
    sleep 0.3
    xdotool mouseup 1
    sleep 0.3
    park
}

undo() { xdotool key --window "$window" ctrl+z; }

# Jiffies that the lab has used, user and system.
jiffies() { cut -d' ' -f14,15 "/proc/$app/stat" | tr ' ' + ; }

a_dragged_slider_changes_the_picture() {
    start_app
    shot chapter
    drag Depth 55 70 120
    has_changed chapter "$PLOTS" "the depth slider changes the figures" 5000
    has_changed chapter "$STATUS" "and the line at the bottom" 50
    shot dragged
    shows chapter "$MENU" "the menus stay as they are"
}

ctrl_z_brings_the_picture_back() {
    undo
    shows chapter "$PLOTS" "Ctrl+Z brings the figures back"
    shows chapter "$STATUS" "and the line at the bottom"
}

an_untouched_window_is_idle() {
    local before after share
    # A second after the last change the lab paints once more and saves it.
    sleep 3
    before=$(($(jiffies)))
    sleep 10
    after=$(($(jiffies)))
    share=$(awk -v j=$((after - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.1f", j / hz * 10 }')
    awk -v s="$share" -v most=$IDLE_LIMIT 'BEGIN { exit s > most }' ||
        fail "idle, the lab takes $share % of a core; $IDLE_LIMIT % is the most"
    say "ok: idle, the lab takes $share % of a core over 10 s"
}

fast_drags_do_no_harm() {
    local sliders=(Depth Width Inputs Outputs Batch)
    for name in "${sliders[@]}"; do
        drag "$name" -50 150 -50 150 50 150 -50
        alive || fail "the lab ended while “$name” was dragged"
    done
    sleep 1
    for _ in "${sliders[@]}"; do
        undo
        sleep 0.3
    done
    shows chapter "$PLOTS" "after fast drags of ${#sliders[@]} sliders, all undone, it is the first picture"
    stop_app
}

# owns FILE TYPE: another program has the file on the clipboard, until it is killed.
owns() {
    xclip -quiet -selection clipboard -t "$2" -i "$1" 2>/dev/null &
    owner=$!
    for _ in $(seq 100); do
        [ "$(timeout 1 xclip -selection clipboard -t "$2" -o 2>/dev/null | cksum)" = "$(cksum <"$1")" ] && return
        sleep 0.1
    done
    fail "xclip does not put $1 on the clipboard"
}

# The number beside a slider has the keyboard, and what it holds is chosen.
click_number() {
    xdotool mousemove 230 "$(awk -v name="$1" '$1 == name { print $4 }' "$PLACES")" click 1
    sleep 0.5
    xdotool key ctrl+a
}

what_is_copied_and_pasted_comes_through() {
    local kind
    start_app
    shows chapter "$PLOTS" "it opens as before"
    printf 37 >"$scratch/depth"
    owns "$scratch/depth" UTF8_STRING
    click_number Depth
    xdotool key ctrl+v
    sleep 1
    xdotool key Return
    has_changed chapter "$PLOTS" "a pasted depth changes the figures" 5000
    # Letters that are chosen and cut come to another program.
    click_number Depth
    xdotool key ctrl+x
    for _ in $(seq "$PATIENCE"); do
        sleep 0.5
        [ "$(timeout 1 xclip -selection clipboard -o 2>/dev/null)" != 37 ] || kind=text
        [ -z "${kind:-}" ] || break
    done
    [ "${kind:-}" = text ] || fail "what is cut is not on the clipboard"
    # xclip gives it up when another program takes it.
    ! kill -0 "$owner" 2>/dev/null || fail "the clipboard still is the other program's"
    xdotool key Escape key ctrl+shift+c
    for _ in $(seq "$PATIENCE"); do
        sleep 0.5
        timeout 5 xclip -selection clipboard -t image/png -o >"$scratch/copied.png" 2>/dev/null || continue
        kind=$(identify -format '%m %wx%h' "$scratch/copied.png" 2>/dev/null || true)
        [ -z "$kind" ] || break
    done
    case "$kind" in PNG*) say "ok: text and a picture come to another program ($kind)" ;; *) fail "no picture on the clipboard" ;; esac
}

# A program that has stopped owns the clipboard: the library waits for it for 4 s.
a_clipboard_that_does_not_answer_holds_nothing_up() {
    local before=$scratch/before.png count=0
    owns "$scratch/depth" UTF8_STRING
    kill -STOP "$owner"
    click_number Width
    xdotool key ctrl+v
    sleep 0.2
    xdotool key Escape
    import -window root "$before"
    xdotool key F1
    for _ in $(seq 10); do
        sleep 0.25
        import -window root "$scratch/now.png"
        count=$(differing "$before" "$scratch/now.png" "$WHOLE")
        [ "$count" -lt 1000 ] || break
    done
    kill -KILL "$owner"
    [ "$count" -ge 1000 ] || fail "the window waits for a clipboard that does not answer"
    say "ok: the window does not wait for a clipboard that does not answer"
    stop_app
}

# What a class sees: panels folded away, one figure alone, another page by a clicker's key. Full
# screen takes a program that manages windows, which there is none here.
a_class_is_shown_figures() {
    start_app worked-example
    shot class
    xdotool key ctrl+b
    has_changed class "$PLOTS" "Ctrl+B folds the panels away" 5000
    xdotool key ctrl+b
    shows class "$WHOLE" "and brings them back"
    xdotool key F5
    has_changed class "$WHOLE" "F5 shows a figure alone" 50000
    xdotool key Escape
    shows class "$WHOLE" "Escape leads back to the page"
    xdotool key Next
    has_changed class "$PLOTS" "a clicker's key turns the page" 5000
    xdotool key Prior
    shows class "$WHOLE" "and turns it back"
    stop_app
}

# The far right of the slider is the deepest network: a window that opens on it looks the same.
the_dragged_depth_is_what_is_shown() {
    printf 'architecture.depth = 2000\n' >"$scratch/deep.toml"
    start_app "$scratch/deep.toml"
    shows dragged "$PLOTS" "dragged to its end, depth is 2000"
    shows dragged "$STATUS" "and the line at the bottom says so"
    stop_app
}

# size WIDTH HEIGHT: gives the window a size that no one who manages windows would forbid.
size() { xdotool windowsize "$window" "$1" "$2"; }

# 9000 pixels are more than eframe asks the card for by itself; X11 allows more than any card has.
a_window_may_be_larger_than_the_card_paints() {
    local width
    start_app
    for width in 9000 20000; do
        size $width 600
        sleep 1
        alive || fail "a window $width pixels wide ends the lab"
    done
    for _ in $(seq "$PATIENCE"); do
        width=$(xdotool getwindowgeometry --shell "$window" | sed -n 's/^WIDTH=//p')
        [ "$width" -ge 20000 ] || break
        sleep 0.5
    done
    [ "$width" -lt 20000 ] || fail "a window of $width pixels is not made smaller"
    say "ok: a window of 20000 pixels makes itself $width wide"
    size 1280 860
    xdotool windowmove "$window" 0 0
    # The line at the bottom tells of it.
    shows chapter "$PLOTS" "and shows the same when it has its size again"
    stop_app
}

# wgpu may only use Vulkan, and that has no driver.
opengl_steps_in_for_wgpu() {
    export WGPU_BACKEND=vulkan VK_DRIVER_FILES=/nonexistent VK_ICD_FILENAMES=/nonexistent
    start_app
    # Renderers round the edges of letters differently, by up to 3 of 255 levels.
    shows chapter "$WHOLE" "where wgpu fails, OpenGL shows the same window" 3%
    stop_app
}

# Of the display only a server without GLX is left, and of EGL no vendor.
without_a_renderer_it_says_so() {
    start_display -extension GLX
    refused 'No window' env __EGL_VENDOR_LIBRARY_FILENAMES=/nonexistent "$LAB"
}

# refused WORDS COMMAND…: ends with 1 and one sentence that has the words.
refused() {
    local words=$1 code=0
    shift
    timeout 60 "$@" >"$scratch/out" 2>"$scratch/err" || code=$?
    [ "$code" = 1 ] || fail "exit code $code in place of 1 from: $*"
    [ ! -s "$scratch/out" ] || fail "something on standard output from: $*"
    # A driver may say something of its own.
    grep '^gradient-lab: ' "$scratch/err" >"$scratch/sentence" || true
    [ "$(wc -l <"$scratch/sentence")" = 1 ] || fail "not one sentence: $(cat "$scratch/err")"
    grep -q "$words" "$scratch/sentence" || fail "no “$words” in: $(cat "$scratch/err")"
    say "ok: $(cut -c1-100 "$scratch/sentence")…"
}

without_a_display_it_says_so() {
    refused 'no display' env -u DISPLAY -u WAYLAND_DISPLAY "$LAB"
    refused 'gave no connection' env DISPLAY=:4095 "$LAB"
}

[ -x "$LAB" ] || fail "no $LAB: cargo build comes first"
[ -s "$PLACES" ] || fail "no $PLACES: cargo test comes first"
start_display
a_dragged_slider_changes_the_picture
ctrl_z_brings_the_picture_back
an_untouched_window_is_idle
fast_drags_do_no_harm
the_dragged_depth_is_what_is_shown
what_is_copied_and_pasted_comes_through
a_clipboard_that_does_not_answer_holds_nothing_up
a_class_is_shown_figures
a_window_may_be_larger_than_the_card_paints
opengl_steps_in_for_wgpu
without_a_renderer_it_says_so
without_a_display_it_says_so
say "The real window works."
