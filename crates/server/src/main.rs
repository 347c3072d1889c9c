//! openbss
fn main() {}
