//! Importing, loading and exporting the catalogue.

use platform::db::DbError;

use crate::Cx;
use crate::app::App;

/// Loads the newest catalogue into memory.
pub async fn load(_app: &App) -> Result<(), DbError> {
    Ok(())
}

/// Loads a catalogue that another process has imported; called once a second.
pub async fn refresh(_app: &App) -> Result<(), DbError> {
    Ok(())
}

/// The catalogue in force as a document, YAML.
pub async fn export(_app: &App) -> Result<String, DbError> {
    todo!()
}

/// Imports a document (YAML or JSON) whole, or refuses it with line and reason. Used by the operation, the
/// command line and the demo seed.
pub async fn import(_cx: &mut Cx, _document: &str) -> Result<i64, platform::op::ApiError> {
    todo!()
}
