//! Hands the arguments over to the command line, which opens the window or prints.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    let _set = give_large_arrays_back();
    gradient_lab::cli::main(std::env::args_os())
}

/// Has the memory of large arrays go back to the system as soon as nobody holds them. glibc
/// starts with this limit and moves it up, so that each thread keeps what it once had: a visit
/// to four pages with 300 layers of 512 units left the window with 4.0 GB in place of 1.1 GB.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_large_arrays_back() -> bool {
    const LARGE: libc::c_int = 128 * 1024;
    // SAFETY: it only says where memory comes from, and no other thread runs yet.
    unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE) == 1 }
}
