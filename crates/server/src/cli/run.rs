//! Runs a server: logs, threads, signals, background work, and a clean stop.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use platform::listen::{self, TlsAcceptor};
use platform::op::Host;
use platform::op::http::DoorConfig;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::app::App;
use crate::config::LogFormat;
use crate::notices::mailer::Mails;
use crate::webhooks::sender::{self, Carrier, Posts};
use crate::{catalog, identity, promotions};

/// The environment variable that decides what is logged, before any configuration.
const LOG_VARIABLE: &str = "OPENBSS_LOG";
/// How often due jobs are looked for, and what other processes changed.
const TICK: Duration = Duration::from_secs(1);
/// How long background work may take to end when the server stops.
const TICK_STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends logs to standard error, in the format and from the level of the configuration.
pub fn start_logging(level: &str, format: LogFormat) {
    let wanted = std::env::var(LOG_VARIABLE).unwrap_or_else(|_| level.to_owned());
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|error| {
        eprintln!("openbss: the log filter {wanted:?} cannot be read ({error}); logging warnings");
        EnvFilter::new("warn")
    });
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // It is already set where a test runs several commands in one process; the first one stays.
    let _already_set = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init(),
    };
}

/// Runs `work` on as many threads as the machine has cores, and at least two: on one thread a statement that
/// takes long would stop everything else.
pub fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).max(2);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    runtime.map_err(|error| format!("the threads cannot be started: {error}"))?.block_on(work)
}

/// Listens on `address`.
pub async fn bind(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{address} is in use by another process; stop it or choose another address")
        }
        // Every other kind says enough by itself.
        _ => format!("cannot listen on {address}: {error}"),
    })
}

/// Signals that stop the server. They are caught from before the ready line on, so that whoever has read it can
/// stop the server cleanly.
pub struct Stop(Signal, Signal);

impl Stop {
    /// Begins to catch the signals.
    pub fn catch() -> Result<Self, Failure> {
        let caught = |kind| signal(kind).map_err(|error| format!("signals cannot be caught: {error}"));
        Ok(Self(caught(SignalKind::terminate())?, caught(SignalKind::interrupt())?))
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}

/// A server that is about to open its door.
pub struct Ready {
    /// The application.
    pub app: Arc<App>,
    /// Where it listens.
    pub listener: TcpListener,
    /// TLS, or plain HTTP.
    pub tls: Option<TlsAcceptor>,
    /// How the door behaves.
    pub door: DoorConfig,
}

impl Ready {
    /// The address that it really listens on.
    pub fn address(&self) -> Result<SocketAddr, Failure> {
        self.listener.local_addr().map_err(|error| format!("the address is unknown: {error}"))
    }

    /// Serves until a signal; then requests under way end, background work ends, and the database is closed.
    pub async fn serve(self, hello: String) -> Result<(), Failure> {
        let mut stop = Stop::catch()?;
        let server = self.app.server(self.door.clone())?;
        let (ending, ended) = watch::channel(false);
        let background = tokio::spawn(background(self.app.clone(), ended));
        let carriers: [Box<dyn Carrier>; 2] = [Box::new(Posts), Box::new(Mails)];
        let senders = carriers.map(|carrier| tokio::spawn(sender::run(self.app.clone(), carrier)));
        say(&hello);
        listen::serve(self.listener, self.tls, server, stop.wait()).await;
        // Nobody listens any more when the task has ended already.
        let _no_listener = ending.send(true);
        if tokio::time::timeout(TICK_STOP_TIMEOUT, background).await.is_err() {
            tracing::warn!("background work was still under way when the server stopped");
        }
        // What is on its way is sent again by whoever starts next.
        senders.iter().for_each(JoinHandle::abort);
        self.app.db().close().await.map_err(|error| format!("the database did not close cleanly: {error}"))
    }
}

/// Prints on standard output; a reader that went away does not matter.
pub fn say(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _reader_gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Once a second: what other processes changed, and what is due.
async fn background(app: Arc<App>, mut ended: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = ended.changed() => return,
        }
        // In a task of its own: a job that panics must not end all jobs.
        if let Err(error) = tokio::spawn(tick(app.clone())).await {
            tracing::error!(%error, "background work ended early");
        }
    }
}

async fn tick(app: Arc<App>) {
    if let Err(error) = identity::service::refresh(&app).await {
        tracing::error!(%error, "accounts and keys could not be refreshed");
    }
    if let Err(error) = catalog::service::refresh(&app).await {
        tracing::error!(%error, "the catalogue could not be refreshed");
    }
    if let Err(error) = promotions::service::refresh(&app).await {
        tracing::error!(%error, "discounts could not be refreshed");
    }
    if let Err(error) = app.jobs.run_due(&app).await {
        tracing::error!(%error, "due jobs could not be run");
    }
}

/// Keeps other processes out of a data folder for as long as it lives; the system lets go of it with the process,
/// however that ends.
#[derive(Debug)]
pub struct FolderLock(#[expect(dead_code, reason = "the lock lives as long as the open file")] std::fs::File);

impl FolderLock {
    /// Locks `folder`, creating it if need be.
    pub fn take(folder: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("the folder {} cannot be made: {error}", folder.display()))?;
        let path = folder.join("openbss.lock");
        let file = std::fs::File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| format!("{} cannot be opened: {error}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(std::fs::TryLockError::WouldBlock) => Err(format!(
                "the folder {} is in use by another openbss; stop it or choose another folder",
                folder.display()
            )),
            Err(std::fs::TryLockError::Error(error)) => {
                Err(format!("the folder {} cannot be locked: {error}", folder.display()))
            }
        }
    }
}
