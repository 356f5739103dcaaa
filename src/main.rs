//! The `guidepost` program; see [`guidepost::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    guidepost::cli::main()
}
