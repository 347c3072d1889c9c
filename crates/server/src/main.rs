//! The one binary of openbss; everything it does is in the library.

fn main() -> std::process::ExitCode {
    server::cli::main()
}
