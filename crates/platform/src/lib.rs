//! The plumbing of openbss: HTTP, SQL, time at the edge, authentication, jobs. It knows no order and no bill.

pub mod auth;
pub mod clock;
pub mod db;
pub mod job;
pub mod listen;
pub mod op;
pub mod outgoing;
