//! Importing, loading and exporting the catalogue.

use std::sync::Arc;

use platform::db::{DbError, Tx};
use platform::op::node::Node;
use platform::op::{ApiError, Host, Refusal};

use super::model::Catalog;
use super::yaml::Format;
use super::{build, document, store, yaml};
use crate::Cx;
use crate::app::App;

/// What is exported before anything was imported: a document without rows, which can be imported again.
const EMPTY: &str = "format: openbss-catalog/1\n";

/// A document that was read and found to be in order.
#[derive(Debug)]
pub struct Read {
    text: String,
    catalog: Catalog,
}

/// Reads a document; refusals carry the line. Done before a transaction begins: a large one takes time.
pub fn read(text: &str, format: Format) -> Result<Read, Refusal> {
    let node = yaml::parse(text, format)?;
    let catalog = build::build(document::decode(&node)?)?;
    Ok(Read { text: text.to_owned(), catalog })
}

/// Loads the newest catalogue into memory.
pub async fn load(app: &App) -> Result<(), DbError> {
    refresh(app).await
}

/// Loads the newest catalogue into memory if it is newer than the one there: another process may have imported it.
pub async fn refresh(app: &App) -> Result<(), DbError> {
    let mut tx = app.db().begin_read().await?;
    let version = store::find_version(&mut tx).await?;
    if version <= app.catalog.current().version {
        return Ok(());
    }
    let text = store::find_document(&mut tx, version).await?;
    tx.rollback().await;
    let text =
        text.ok_or_else(|| DbError::Other(format!("catalogue {version} is in force but not there")))?;
    let read = read(&text, Format::of(&text)).map_err(|refusal| unreadable(version, &refusal))?;
    let mut catalog = Catalog { version, ..read.catalog };
    build::localize(&mut catalog, app.site());
    app.catalog.replace(catalog);
    Ok(())
}

/// The catalogue of an import: the one in memory, or an older one read again from what is kept, which takes time with
/// a large document; nothing of it is remembered.
///
/// # Errors
/// A [`DbError::Other`] where there was no such import: whoever names one has it from a row that its prices made.
pub async fn of_version(app: &App, tx: &mut Tx, version: i64) -> Result<Arc<Catalog>, DbError> {
    let current = app.catalog.current();
    if current.version == version {
        return Ok(current);
    }
    let Some(text) = store::find_document(tx, version).await? else {
        return Err(DbError::Other(format!("catalogue {version} set a price and is not there")));
    };
    let site = app.site();
    let parsing = tokio::task::spawn_blocking(move || {
        let read = read(&text, Format::of(&text)).map_err(|refusal| unreadable(version, &refusal))?;
        let mut catalog = Catalog { version, ..read.catalog };
        build::localize(&mut catalog, site);
        Ok(Arc::new(catalog))
    });
    parsing.await.map_err(|error| DbError::Other(format!("reading catalogue {version} ended: {error}")))?
}

/// Imports a document (YAML or JSON) whole, or refuses it with line and reason (CBC.0100). Answers its number. Used
/// by the command line and the demo seed; whoever commits runs the context's hooks, which put it in force.
pub async fn import(cx: &mut Cx, document: &str) -> Result<i64, ApiError> {
    let read = read(document, Format::of(document))?;
    Ok(import_read(cx, read).await?.version)
}

/// Imports a document that was read.
pub async fn import_read(cx: &mut Cx, read: Read) -> Result<Imported, ApiError> {
    let app = cx.app.clone();
    let by = cx.principal.user_name.clone();
    let (imported, catalog) = keep(&mut cx.tx, &app, read, &by).await?;
    cx.audited = Some((imported.version.to_string(), "catalog".to_owned()));
    cx.after_commit(move |app| app.catalog.replace(catalog));
    Ok(imported)
}

/// What was imported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Imported {
    /// Number of the import now in force.
    pub version: i64,
    /// How many measurement units.
    pub measures: usize,
    /// How many conversions.
    pub conversions: usize,
    /// How many regions.
    pub regions: usize,
    /// How many services.
    pub services: usize,
    /// How many resource types.
    pub resource_types: usize,
    /// How many usage types.
    pub usage_types: usize,
    /// How many products.
    pub products: usize,
}

async fn keep(tx: &mut Tx, app: &App, read: Read, by: &str) -> Result<(Imported, Catalog), ApiError> {
    let mut catalog = read.catalog;
    build::localize(&mut catalog, app.site());
    // Also above what memory holds: the numbers of a database that was emptied must not begin anew under a
    // catalogue in memory, which only a higher number replaces.
    let current = store::lock_version(tx).await?.max(app.catalog.current().version);
    catalog.version = current + 1;
    store::insert(tx, catalog.version, &read.text, by, app.clock().now()).await?;
    let imported = Imported {
        version: catalog.version,
        measures: catalog.measures.len(),
        conversions: catalog.conversions.len(),
        regions: catalog.regions.len(),
        services: catalog.services.len(),
        resource_types: catalog.resource_types.len(),
        usage_types: catalog.usage_types.len(),
        products: catalog.products.len(),
    };
    Ok((imported, catalog))
}

/// The document in force. It is given as it was imported, comments included, where it was imported in `format`.
pub async fn export(tx: &mut Tx, format: Format) -> Result<String, DbError> {
    let version = store::find_version(tx).await?;
    let text = store::find_document(tx, version).await?.unwrap_or_else(|| EMPTY.to_owned());
    if Format::of(&text) == format {
        return Ok(text);
    }
    let node: Node =
        yaml::parse(&text, Format::of(&text)).map_err(|refusal| unreadable(version, &refusal))?;
    Ok(match format {
        Format::Json => yaml::to_json(&node),
        Format::Yaml => yaml::to_yaml(&node),
    })
}

/// The document in force, outside a request: for the command line.
pub async fn export_alone(app: &App, format: Format) -> Result<String, DbError> {
    let mut tx = app.db().begin_read().await?;
    export(&mut tx, format).await
}

/// A kept document passed every check when it was imported, so this is a newer program's document or a defect.
fn unreadable(version: i64, refusal: &Refusal) -> DbError {
    DbError::Other(format!("catalogue {version} cannot be read: {}", refusal.text()))
}
