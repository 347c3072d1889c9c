//! What falls due on resources.

mod live;

pub use live::Live;
