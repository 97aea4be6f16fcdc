# What the scripts that drive the real window share. Sourced with `set -euo pipefail`, in the
# project's folder.

TARGET=$(realpath -m "${CARGO_TARGET_DIR:-target}")
LAB=${LAB:-$TARGET/debug/gradient-lab}
SCREEN=1280x860

scratch=$(mktemp -d)
app=
window=
servers=()

stop_app() {
    if [ -n "$app" ]; then
        kill "$app" 2>/dev/null || true
        wait "$app" 2>/dev/null || true
        app=
    fi
}

clean_up() {
    stop_app
    for server in "${servers[@]}"; do kill "$server" 2>/dev/null || true; done
    rm -rf "$scratch"
}
trap clean_up EXIT

say() { printf '%s\n' "$*"; }

fail() {
    say "FAILED: $*"
    if [ -s "$scratch/app.err" ]; then sed 's/^/    the lab said: /' "$scratch/app.err"; fi
    exit 1
}

# start_display [OPTION…]: the server chooses a number that is free.
start_display() {
    : >"$scratch/display"
    Xvfb -displayfd 3 -screen 0 "${SCREEN}x24" -nolisten tcp -noreset "$@" \
        3>"$scratch/display" 2>"$scratch/xvfb.err" &
    servers+=($!)
    for _ in $(seq 100); do
        [ -s "$scratch/display" ] && break
        sleep 0.1
    done
    [ -s "$scratch/display" ] || fail "Xvfb did not start: $(cat "$scratch/xvfb.err")"
    DISPLAY=:$(tr -d '[:space:]' <"$scratch/display")
    export DISPLAY
    unset WAYLAND_DISPLAY
}

# Starts the lab with an empty home of its own; the arguments are its arguments.
start_app() {
    rm -rf "$scratch/home"
    mkdir "$scratch/home"
    start_app_at_home "$@"
    # The card of the very first start.
    xdotool key Escape
}

# Starts the lab with the home that is there.
start_app_at_home() {
    (
        # A relative path that is typed into the window stays in here.
        cd "$scratch/home"
        exec env -u XDG_DATA_HOME -u XDG_CONFIG_HOME -u XDG_STATE_HOME HOME="$scratch/home" \
            "$LAB" "$@" 2>"$scratch/app.err"
    ) &
    app=$!
    for _ in $(seq 600); do
        window=$(xdotool search --onlyvisible --name 'Gradient lab$' 2>/dev/null | head -n 1 || true)
        [ -n "$window" ] && break
        alive || fail "the lab ended before it had a window"
        sleep 0.1
    done
    [ -n "$window" ] || fail "no window within a minute"
    xdotool windowfocus "$window" 2>/dev/null || true
    park
}

alive() { kill -0 "$app" 2>/dev/null; }

# Where the mouse hovers over nothing.
park() { xdotool mousemove 640 12; }
