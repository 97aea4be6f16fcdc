//! Signals that end the process: its unfinished files go first.

use std::os::raw::c_int;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Once};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::{flag, iterator::Signals, low_level};

/// Watches for signals from now on: `clear_up_and` removes the files, then does what it is given. What is ignored, as by `nohup`, stays ignored.
///
/// Where the system gives no thread, a signal ends the process as ever, and the next run in the
/// folder clears up.
pub(super) fn task(clear_up_and: fn(&dyn Fn())) {
    static ONCE: Once = Once::new();
    tell_of_large_files();
    ONCE.call_once(|| {
        let ending = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !is_ignored(signal));
        let Ok(mut signals) = Signals::new(ending) else { return };
        let thread = std::thread::Builder::new().name("signals".to_owned());
        let handle = signals.handle();
        let spawned = thread.spawn(move || {
            for signal in signals.forever() {
                if HELD.load(Ordering::Relaxed) && !CAME.swap(true, Ordering::Relaxed) {
                    continue;
                }
                clear_up_and(&|| {
                    // Ends the process as the signal would have.
                    let _ = low_level::emulate_default_handler(signal);
                });
            }
        });
        if spawned.is_err() {
            handle.close();
        }
    });
}

/// Whether the first signal is only told.
static HELD: AtomicBool = AtomicBool::new(false);
/// Whether a signal has come since then.
static CAME: AtomicBool = AtomicBool::new(false);

/// From now on the first signal only makes the answer true, and the second ends the process.
pub(super) fn hold_first() -> fn() -> bool {
    HELD.store(true, Ordering::Relaxed);
    || CAME.load(Ordering::Relaxed)
}

/// Makes a file that grows past the user's limit an error to be told, not the end.
pub(super) fn tell_of_large_files() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)))));
}

/// Whether the process was started with this signal ignored.
fn is_ignored(signal: c_int) -> bool {
    // SAFETY: a `sigaction` of zeros is a valid one, and with no new action the call only fills
    // it in.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}
