//! The catalog feature.

pub mod model;
pub mod service;

use std::sync::Arc;

use parking_lot::RwLock;

use self::model::Catalog;
use crate::app::Feature;

/// What the application takes from here.
pub const FEATURE: Feature =
    Feature { name: "catalog", operations: |_| {}, jobs: |_| {}, checks: &[], statements: Vec::new };

/// The catalogue in force, in memory.
#[derive(Default)]
pub struct Shelf(RwLock<Arc<Catalog>>);

impl Shelf {
    /// The catalogue in force.
    pub fn current(&self) -> Arc<Catalog> {
        self.0.read().clone()
    }

    /// Lets any catalogue take the place of the one in force, which stays until then: the numbers of a database
    /// that was emptied begin anew (sandbox reset).
    pub fn demote(&self) {
        let mut current = self.0.write();
        let mut lowest = Catalog::clone(&current);
        lowest.version = 0;
        *current = Arc::new(lowest);
    }

    /// Puts a newer catalogue in force; an older one is ignored.
    pub fn replace(&self, catalog: Catalog) {
        let mut current = self.0.write();
        if catalog.version > current.version {
            *current = Arc::new(catalog);
        }
    }
}
