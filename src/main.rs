//! Parses the command line, runs one command, prints an error with its causes.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    overrule::cli::run()
}
