//! Hands the arguments over to the command line, which opens the window or prints.

use std::process::ExitCode;

fn main() -> ExitCode {
    gradient_lab::cli::main(std::env::args_os())
}
