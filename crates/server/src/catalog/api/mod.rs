//! The operations of the catalogue.

pub mod document;
pub mod lists;
pub mod units;

use platform::op::Registry;

use crate::app::App;

/// Registers them.
pub fn register(registry: &mut Registry<App>) {
    registry
        .add::<lists::ListServiceTypes>()
        .add::<lists::ListResourceTypes>()
        .add::<lists::ListServiceResources>()
        .add::<lists::ListUsageTypes>()
        .add::<units::ListMeasureUnits>()
        .add::<units::ListConversions>()
        .add::<document::ImportCatalog>()
        .add::<document::ExportCatalog>();
}
