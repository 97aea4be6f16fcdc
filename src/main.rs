//! Reads the arguments and hands over to the window or to the command line.

fn main() {}
