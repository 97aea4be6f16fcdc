#!/bin/bash
# Makes the system calls of writing fail one by one, and ends the lab by a signal at each of them.
#
#     tests/fuzz/faults.sh target/debug/gradient-lab [JOBS…]
#
# Needs strace. For every job, call and fault: the exit code is 0, 1 or 2; a failure is told in one
# sentence; the target is the old file or the whole new one, and the new one where the exit code
# is 0; after the next run in the folder nothing is left over. Prints counts and what was wrong, and
# exits with 1 where anything was.
set -u
lab=$(realpath "$1")
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
mkdir out
printf '[architecture]\ndepth = 3\nwidth = 40\n' > net.toml

# Where a job writes: a file in out/, or its standard output.
arguments() {
    case $1 in
        picture) echo "render worked-example --figure norms --scale 1 -o out/a" --format png ;;
        weights) echo "run net.toml --weights out/a" ;;
        sweep-json) echo "sweep worked-example --x gain:1:2:3 --seeds 2 --threads 1 -o out/a" ;;
        sweep-csv) echo "sweep worked-example --x gain:1:2:3 --seeds 2 --threads 1 --format csv -o out/a" ;;
        run) echo "run worked-example" ;;
        run-csv) echo "run worked-example --format csv" ;;
        ensemble) echo "ensemble worked-example --seeds 5 --threads 1" ;;
        theory) echo "theory chapter-16" ;;
        list) echo "list" ;;
        stdout) echo "render worked-example --figure norms --scale 1 -o /dev/stdout --format png" ;;
    esac
}
jobs=("$@")
[ $# -gt 0 ] || jobs=(picture weights sweep-json sweep-csv run run-csv ensemble theory list stdout)

files='openat|open|creat|fallocate|ftruncate|fsync|fdatasync|fchmod|fchown|flock|rename|renameat|renameat2|link|linkat|unlink|unlinkat|close|read|write|writev|pwrite64|statx|newfstatat|fstat|readlink|getdents64|access|faccessat|faccessat2|fcntl|lseek|copy_file_range'
errors() {
    case $1 in
        write | writev | pwrite64) echo ENOSPC EIO EDQUOT EFBIG EAGAIN EBADF EPERM ;;
        openat | open) echo ENOSPC EIO EMFILE ENFILE EACCES EROFS ENOMEM EINTR ELOOP ;;
        rename*) echo ENOSPC EIO EACCES EROFS EXDEV EBUSY ENOENT ;;
        fsync | fdatasync | ftruncate | fallocate) echo ENOSPC EIO EDQUOT EFBIG EOPNOTSUPP ;;
        *) echo EIO EACCES ENOMEM ;;
    esac
}

runs=0 wrong=0 failed=0 unharmed=0 leftovers=0 kills=0
complain() {
    wrong=$((wrong + 1))
    echo "WRONG: $job, $fault: $1"
    sed 's/^/    /' told | head -3
}

# One run with a fault; every promise is checked.
try() {
    fault=$1
    local signal=$2 code
    printf old > out/a
    # shellcheck disable=SC2046
    timeout 30 strace -f --seccomp-bpf -o trace -e "trace=$call" -e "inject=$fault" \
        "$lab" $(arguments "$job") > stdout 2> told < /dev/null
    code=$?
    runs=$((runs + 1))
    if [ "$to" = stdout ]; then
        [ $code != 0 ] || cmp -s stdout whole || complain "exit 0 and half on standard output"
    elif cmp -s out/a whole; then
        :
    elif [ "$(cat out/a 2> /dev/null)" = old ]; then
        [ $code != 0 ] || complain "exit 0 and the old file"
    else
        complain "the file is neither old nor new"
    fi
    if [ "$signal" ]; then
        kills=$((kills + 1))
        [ $code -gt 128 ] || [ $code = 0 ] || complain "exit $code by a signal"
    elif [ $code = 0 ]; then
        unharmed=$((unharmed + 1))
    elif [ $code = 1 ] || [ $code = 2 ]; then
        failed=$((failed + 1))
        # What was found may stand before the failure. Where standard error itself fails, nobody
        # can be told.
        tail -1 told | grep -q '^gradient-lab: .*[.]$' && ! grep -qE 'Os \{|\.\.$' told ||
            grep -q ' write(2.*INJECTED' trace || complain "exit $code without a sentence"
    else
        complain "exit $code"
    fi
    ! grep -q panicked told || complain "a panic"
    if [ "$(find out -name '.gradient*' | wc -l)" != 0 ]; then
        leftovers=$((leftovers + 1))
        [ "$signal" = KILL ] || grep -q 'unlink' <<< "$fault" || complain "left over though it could clear up"
        "$lab" sweep worked-example --x gain:1:1:1 --seeds 1 --threads 1 -o out/b > /dev/null 2>&1 && rm out/b
        [ "$(find out -name '.gradient*' | wc -l)" = 0 ] || complain "still left over after the next run"
        rm -f out/.gradient*
    fi
}

for job in "${jobs[@]}"; do
    before=$runs
    to=stdout
    # shellcheck disable=SC2046
    [[ $(arguments "$job") != *out/a* ]] || to=file
    printf old > out/a
    # shellcheck disable=SC2046
    strace -f --seccomp-bpf -o calls -e "trace=/^(${files})\$" "$lab" $(arguments "$job") > whole 2> told < /dev/null || { cat told; exit 1; }
    [ $to = stdout ] || cp out/a whole
    # Counting is by thread: the calls of the first one, from where it has read its arguments on,
    # which is where the job's folder or standard output comes up.
    main=$(head -1 calls | cut -d' ' -f1)
    awk -v main="$main" '$1 == main && $2 ~ /^[a-z]/ { split($2, name, "("); count[name[1]]++; print name[1], count[name[1]], $0 }' calls > numbered
    first=$(grep -nE 'out/a|"out"|/dev/stdout|fcntl\(1,' numbered | head -1 | cut -d: -f1)
    tail -n +"${first:-1}" numbered | cut -d' ' -f1,2 > faults
    while read -r call number; do
        for error in $(errors "$call"); do
            try "$call:error=$error:when=$number" ""
        done
        case $call in write) try "$call:retval=0:when=$number" "" ;; esac
        for signal in KILL TERM INT HUP; do
            try "$call:signal=$signal:when=$number" $signal
        done
    done < faults
    echo "$job: $((runs - before)) runs at $(wc -l < faults) calls"
done
echo "$runs runs: $failed told of their failure, $unharmed had the whole result all the same, $kills were ended by a signal, $leftovers left a file for the next run, $wrong wrong"
[ $wrong = 0 ]
