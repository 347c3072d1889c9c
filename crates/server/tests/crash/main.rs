//! What survives a sudden end, proved on the real program.
//!
//! `kill`: clients write through the door until the process is killed (SIGKILL) at a seeded moment; started again
//! on the same data, everything that was acknowledged is there, and what was under way happens once when it is
//! sent again. `sync`: a page cache survives the end of a process but not the end of power, so the order of the
//! program's system calls is looked at too: no answer to a write leaves before the sync that covers it.

mod client;
mod kill;
mod program;
mod sync;
mod trace;
