//! The seam through which tests watch commits and cut the power.
//!
//! Whether an answer precedes the *sync* that covers it cannot be seen from inside the process. It is proved from
//! outside: run the server under `strace -f -e trace=fdatasync,fsync,pwrite64,write,writev,sendto`, send operations,
//! and check that between the last `pwrite64` into the `-wal` file for an operation and the write of its answer
//! to the socket lies a finished `fsync` or `fdatasync` of that file.

use std::sync::Arc;

use parking_lot::RwLock;

/// What a probe is told. Batches are numbered from 1 in the order in which they commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitEvent {
    /// A batch of `operations` is about to be committed; the verdict decides what happens.
    Starting {
        /// The batch's number.
        batch: u64,
        /// How many operations ended in it, those that were taken back included. Always 1 on PostgreSQL.
        operations: u32,
    },
    /// The batch is durable, or failed, and nobody has been answered yet; the verdict is ignored.
    Finished {
        /// The batch's number.
        batch: u64,
        /// Whether its operations will be told that they are durable.
        is_durable: bool,
    },
}

/// What becomes of the batch that is `Starting`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitVerdict {
    /// Commit as usual.
    Proceed,
    /// The power fails before the commit: everything is taken back and all are told so.
    FailBefore,
    /// The power fails after the commit: the writes are there, but all are told that the outcome is unknown.
    FailAfter,
}

/// Called around every commit, on a thread that it may block.
pub type CommitProbe = Arc<dyn Fn(CommitEvent) -> CommitVerdict + Send + Sync>;

/// Where an engine keeps its probe. Without one, commits proceed.
#[derive(Default)]
pub(super) struct ProbeSlot(RwLock<Option<CommitProbe>>);

impl ProbeSlot {
    pub(super) fn set(&self, probe: CommitProbe) {
        *self.0.write() = Some(probe);
    }

    pub(super) fn ask(&self, event: CommitEvent) -> CommitVerdict {
        // Cloned first, so that a probe that blocks does not block `set`.
        let probe = self.0.read().clone();
        probe.map_or(CommitVerdict::Proceed, |probe| probe(event))
    }

    /// The same from a thread that must not be blocked.
    pub(super) async fn ask_aside(&self, event: CommitEvent) -> CommitVerdict {
        let probe = self.0.read().clone();
        match probe {
            None => CommitVerdict::Proceed,
            Some(probe) => {
                let asked = tokio::task::spawn_blocking(move || probe(event)).await;
                // A probe that panics is a broken disk.
                asked.unwrap_or(CommitVerdict::FailBefore)
            }
        }
    }
}
