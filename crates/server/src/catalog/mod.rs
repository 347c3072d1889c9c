//! The catalogue: what is sold, where, at what price, and in which units it is measured.
//!
//! One document holds all of it. An import replaces it whole or is refused whole, with the line and the reason;
//! every import is kept, the newest is in force.
//!
//! ```text
//! text --yaml--> tree with lines --document--> typed values --build, products--> Catalog --commit--> Shelf
//! ```
//!
//! Everybody reads the [`Shelf`], in memory. It changes only after the commit of an import; another process finds
//! the new number in `versions` and loads the document ([`service::refresh`]).
//!
//! Invariants: a catalogue on the shelf is one that passed every check; its number only grows. A price version that
//! has begun is history that bills rest on: an import may add versions, and what it does to sold resources is the
//! concern of whoever kept the price at the sale (order lines keep the price they were placed at).

pub mod api;
mod build;
mod document;
pub mod model;
mod products;
pub mod service;
mod store;
pub mod yaml;

use std::sync::Arc;

use parking_lot::RwLock;

use self::model::Catalog;
use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature = Feature {
    name: "catalog",
    operations: api::register,
    jobs: |_| {},
    checks: &[],
    statements: || store::STATEMENTS.iter().map(|(_, sql)| (*sql).to_owned()).collect(),
};

/// The catalogue in force, in memory.
#[derive(Default)]
pub struct Shelf(RwLock<Arc<Catalog>>);

impl Shelf {
    /// The catalogue in force.
    pub fn current(&self) -> Arc<Catalog> {
        self.0.read().clone()
    }

    /// Puts a newer catalogue in force; an older one is ignored.
    pub fn replace(&self, catalog: Catalog) {
        let mut current = self.0.write();
        if catalog.version > current.version {
            *current = Arc::new(catalog);
        }
    }
}

#[cfg(test)]
mod tests;
