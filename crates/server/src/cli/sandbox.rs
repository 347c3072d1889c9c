//! `openbss sandbox`.

use domain::calendar::Instant;
use domain::site::Site;
use platform::op::http::DoorConfig;
use platform::op::{ApiError, Host};

use super::run::{FolderLock, Ready, bind};
use super::{Failure, SandboxOptions, guide, open};
use crate::sandbox::service;
use crate::settings::Settings;

/// Runs a sandbox until it is told to stop.
pub async fn serve(options: SandboxOptions) -> Result<(), Failure> {
    // The port first: a start that fails leaves no folder behind.
    let listener = bind(&options.listen).await?;
    let (_lock, db) = match &options.database_url {
        Some(url) => (None, open::database(open::Home::sandbox_url(url)).await?),
        None => {
            let lock = FolderLock::take(&options.data)?;
            (Some(lock), open::database(open::Home::File(&options.data.join(open::FILE))).await?)
        }
    };
    let known = open::settings(&db).await?;
    let (site, now) = agree(&options, &known)?;
    let app = open::sandbox(db, site, now, options.provisioner).await?;
    let failed = |error: ApiError| {
        let detail = error.source.map_or(error.en, |source| source.to_string());
        format!("the demo tenants cannot be set up: {detail}")
    };
    service::seed(&app).await.map_err(failed)?;
    service::resume_move(&app).await.map_err(failed)?;
    let door = DoorConfig { throttle: options.throttle, ..DoorConfig::default() };
    let ready = Ready { app, listener, tls: None, door };
    let hello = guide::sandbox(ready.address()?, ready.app.site())?;
    ready.serve(hello).await
}

/// The site and clock to start with: those of the data where there are any. Options that differ from them are
/// refused rather than ignored.
fn agree(options: &SandboxOptions, known: &Settings) -> Result<(Site, Instant), Failure> {
    let home = match &options.database_url {
        Some(_) => "the database".to_owned(),
        None => format!("the data folder {}", options.data.display()),
    };
    if known.is_production {
        return Err(format!("{home} belongs to a production server; a sandbox would open it to everybody"));
    }
    match (options.site, known.site) {
        (Some(wanted), Some(kept)) if wanted != kept => {
            return Err(format!(
                "{home} belongs to the site {kept}, which --site {wanted} cannot change; \
                 leave --site out or use other data"
            ));
        }
        // The same one, or only one of the two: nothing to refuse.
        _ => {}
    }
    match (options.now, known.now) {
        (Some(wanted), Some(kept)) if wanted != kept => {
            return Err(format!(
                "the clock of {home} stands at {kept}, which --now {wanted} cannot change; leave --now out, \
                 move the clock with POST /openbss/v1/sandbox/clock, or use other data"
            ));
        }
        // The same one, or only one of the two: nothing to refuse.
        _ => {}
    }
    let site = known.site.or(options.site).unwrap_or(Site::Intl);
    let now = known.now.or(options.now).unwrap_or(service::FIRST_NOW);
    Ok((site, now))
}

/// Opens the sandbox that a task works on, with no door.
pub async fn open_for_task(home: open::Home<'_>) -> Result<std::sync::Arc<crate::app::App>, Failure> {
    let db = open::database(home).await?;
    let known = open::settings(&db).await?;
    let (Some(site), Some(now), true) = (known.site, known.now, known.is_sandbox) else {
        return Err(
            "this is no sandbox's database; start `openbss sandbox` on it first, or give --config for a \
                    production server"
                .to_owned(),
        );
    };
    open::sandbox(db, site, now, crate::app::Provisioner::Immediate).await
}
