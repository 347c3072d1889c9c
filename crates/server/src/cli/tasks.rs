//! Commands that do one thing and end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::op::{ApiError, Host, openapi as document};

use super::run::say;
use super::{DATA_FOLDER, Failure, Place, open, sandbox, serve};
use crate::app::{App, registry};
use crate::catalog::yaml::Format;
use crate::config::Config;
use crate::{catalog, verify as books};

/// Opens the application that a task works on. A server may be running on it: the task takes its turn at the
/// database like everybody else.
async fn app_of(place: &Place) -> Result<Arc<App>, Failure> {
    if let Some(config) = &place.config {
        return serve::open_app(&Config::read(config)?).await;
    }
    if let Some(url) = &place.database_url {
        return sandbox::open_for_task(open::Home::sandbox_url(url)).await;
    }
    let file = place.data.clone().unwrap_or_else(|| PathBuf::from(DATA_FOLDER)).join(open::FILE);
    if !file.exists() {
        return Err(format!("there is no database {}; name it with --data or --config", file.display()));
    }
    sandbox::open_for_task(open::Home::File(&file)).await
}

async fn close(app: &App) -> Result<(), Failure> {
    app.db().close().await.map_err(|error| format!("the database did not close cleanly: {error}"))
}

/// Puts the catalogue of a file in force. A running server takes it up within a second.
pub async fn import(file: PathBuf, place: Place) -> Result<(), Failure> {
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let app = app_of(&place).await?;
    let refused = |error: ApiError| {
        let detail = error.source.map_or(error.en, |source| source.to_string());
        format!("{}: {detail}", file.display())
    };
    let mut cx =
        platform::job::context(&app, "catalog.import").await.map_err(|error| refused(error.into()))?;
    let version = catalog::service::import(&mut cx, &text).await.map_err(refused)?;
    let tx = cx.tx.take().expect("the context was made with a transaction and nothing else takes it");
    tx.commit().await.map_err(|error| refused(error.into()))?;
    say(&format!("catalogue {version} is in force\n"));
    close(&app).await
}

/// Writes the catalogue in force to a file: JSON where its name ends in `.json`, YAML otherwise.
pub async fn export(file: PathBuf, place: Place) -> Result<(), Failure> {
    let app = app_of(&place).await?;
    let format =
        if file.extension().is_some_and(|ending| ending == "json") { Format::Json } else { Format::Yaml };
    let text = catalog::service::export_alone(&app, format).await;
    let text = text.map_err(|error| format!("the catalogue cannot be read: {error}"))?;
    if file == Path::new("-") {
        say(&text);
    } else {
        std::fs::write(&file, &text).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    close(&app).await
}

/// Recomputes the books and prints both sides of every identity.
pub async fn verify(place: Place) -> Result<(), Failure> {
    let app = app_of(&place).await?;
    let identities = books::service::verify(&app).await.map_err(|error| format!("the books: {error}"))?;
    for identity in &identities {
        let sign = if identity.holds { "holds" } else { "BROKEN" };
        say(&format!("{sign:6}  {}: {} = {}\n", identity.name, identity.left, identity.right));
        if let Some(detail) = &identity.detail {
            say(&format!("        {detail}\n"));
        }
    }
    close(&app).await?;
    match identities.iter().filter(|identity| !identity.holds).count() {
        0 => Ok(()),
        broken => Err(format!("{broken} of {} identities do not hold", identities.len())),
    }
}

/// Prints the OpenAPI document, or the list of operations.
pub fn openapi(operations: bool) -> Result<(), Failure> {
    let registry = registry(true);
    if operations {
        say(&document::operations_text(&registry));
    } else {
        say(&crate::machine::openapi_text(&registry));
    }
    Ok(())
}
